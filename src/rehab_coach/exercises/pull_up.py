from rehab_coach.exercises.record import Exercise, Figure

PULL_UP = Exercise(
    "pull_up",
    names={"en": ("pull-up", "a pull-up"), "no": ("kroppsheving", "en kroppsheving")},
    figure=Figure(
        (
            "50 37 50 48 50 72  36 34 34 17  64 34 66 17  47 84 46 97  53 84 54 97",
            "50 12 50 24 50 48  31 36 34 17  69 36 66 17  47 61 45 75  53 61 55 75",
        ),
        "bar",
    ),
    signal="pulling_to_the_hands",
    sided_angle="elbow_flex",
    rules="pull_up",
    motion="pull_up",
    variants=("wide_pull_up", "chin_up"),
    aliases=("pullup",),
    angle="elbow_flex",
)
