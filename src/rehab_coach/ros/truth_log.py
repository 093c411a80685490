"""What a virtual patient really did: without that a wrong exercise looks like an error of the coach in the log."""

from typing import Optional

import rospy

from rehab_coach.msg import Prediction
from rehab_coach.robot.answer import RoundJoin
from rehab_coach.rounds import Kind
from rehab_coach.simulation.obedience import Response
from rehab_coach.simulation.soak import Round


class TruthLog:
    """Says it after each round, and at the end how many verdicts agreed with it."""

    def __init__(self) -> None:
        self._last: Optional[Prediction] = None
        self._rounds = self._right = 0

    def tell(self, prediction: Prediction, response: Response) -> None:
        """Once for each prediction, however often it is told; a moment after the coach has answered."""
        if prediction is self._last:
            return
        self._last = prediction
        join = RoundJoin()
        join.request(prediction.round, response.asked)
        verdict = join.answer(prediction.status, prediction.label, prediction.confidence).kind
        right = Round(prediction.round, response.asked, label=response.label, verdict=verdict).right
        self._rounds, self._right = self._rounds + 1, self._right + right
        agreement = "no verdict" if verdict is Kind.PROBLEM else "the verdict is %s" % ("right" if right else "wrong")
        rospy.loginfo("Round %d: she %s: %s", prediction.round, response.deed, agreement)

    def close(self) -> None:
        """The sum."""
        if self._rounds:
            rospy.loginfo("%d of %d verdicts agree with what she did", self._right, self._rounds)
