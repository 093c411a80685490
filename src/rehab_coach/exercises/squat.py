from rehab_coach.exercises.record import Exercise, Figure

SQUAT = Exercise(
    "squat",
    names={"en": ("squat", "a squat"), "no": ("knebøy", "en knebøy")},
    figure=Figure(
        (
            "50 15 50 28 48 56  56 41 66 50  56 41 66 50  51 74 48 93  51 74 48 93",
            "57 38 52 49 34 69  65 52 80 48  65 52 80 48  60 71 48 93  60 71 48 93",
        ),
    ),
    signal="sinking",
    sided_angle="knee_angle",
    rules="squat",
    motion="squat",
    variants=("back_squat", "front_squat", "goblet_squat", "jump_squat"),
    aliases=("deep_squat",),
    angle="knee_angle",
)
