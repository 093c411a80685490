from rehab_coach.exercises.record import Exercise, Figure

LUNGE = Exercise(
    "lunge",
    names={"en": ("lunge", "a lunge"), "no": ("utfall", "et utfall")},
    figure=Figure(
        (
            "50 15 50 28 50 56  41 43 49 53  41 43 49 53  51 74 50 93  49 74 48 93",
            "50 27 50 40 49 67  41 54 49 64  41 54 49 64  70 70 70 93  36 86 18 92",
        ),
    ),
    signal="sinking",
    travels=True,
    rules="lunge",
    motion="lunge",
    variants=("reverse_lunge", "walking_lunge", "split_squat", "jumping_lunge"),
    aliases=("inline_lunge",),
    angle="knee_angle",
)
