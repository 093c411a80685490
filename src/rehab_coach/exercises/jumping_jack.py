from rehab_coach.exercises.record import Exercise, Figure

JUMPING_JACK = Exercise(
    "jumping_jack",
    names={"en": ("jumping jack", "a jumping jack"), "no": ("sprellemann", "en sprellemann")},
    figure=Figure(
        (
            "50 16 50 29 50 56  42 42 41 56  58 42 59 56  48 74 47 93  52 74 53 93",
            "50 16 50 29 50 56  35 33 20 31  65 33 80 31  43 74 37 93  57 74 63 93",
            "50 15 50 28 50 55  36 19 36  4  64 19 64  4  39 73 29 91  61 73 71 91",
        ),
    ),
    signal="raising_the_arms",
    sided_angle="shoulder_elv",
    rules="jumping_jack",
    motion="jumping_jack",
    variants=("slow_jumping_jack",),
    aliases=("jumping_jacks",),
    angle="shoulder_elv",
)
