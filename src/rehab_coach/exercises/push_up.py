from rehab_coach.exercises.record import Exercise, Figure

PUSH_UP = Exercise(
    "push_up",
    names={"en": ("push-up", "a push-up"), "no": ("armheving", "en armheving")},
    figure=Figure(
        (
            "90 44 79 49 50 62  80 67 79 87  80 67 79 87  32 72 13 84  32 72 13 84",
            "90 70 79 73 50 77  66 70 79 87  66 70 79 87  32 80 13 84  32 80 13 84",
        ),
    ),
    signal="lowering_to_the_hands",
    sided_angle="elbow_flex",
    rules="push_up",
    motion="push_up",
    variants=("wide_push_up", "narrow_push_up", "archer_push_up", "knee_push_up"),
    aliases=("push-up", "pushup"),
    angle="elbow_flex",
)
