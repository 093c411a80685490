"""rehab_coach: a robot that asks for an exercise, watches it, recognises it and answers."""
