from rehab_coach.exercises.record import Exercise, Figure

DEADLIFT = Exercise(
    "deadlift",
    names={"en": ("deadlift", "a deadlift"), "no": ("markløft", "et markløft")},
    figure=Figure(
        (
            "68 35 59 43 34 58  60 61 61 79  60 61 61 79  51 73 46 93  51 73 46 93",
            "50 15 49 28 48 56  52 43 55 58  52 43 55 58  50 74 46 93  50 74 46 93",
        ),
        "floor barbell",
    ),
    signal="bending_over",
    sided_angle="knee_angle",
    rules="deadlift",
    motion="deadlift",
    variants=("sumo_deadlift", "romanian_deadlift", "partial_deadlift", "dumbbell_deadlift"),
    angle="hip_flexion",
)
