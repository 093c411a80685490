import os
import signal
import threading
from unittest import mock

import pytest

rospy = pytest.importorskip("rospy")

from rehab_coach.errors import RehabCoachError  # noqa: E402
from rehab_coach.ros import node  # noqa: E402


@pytest.fixture
def ros():
    """rospy without a master; its exceptions stay real."""
    fake = mock.MagicMock(ROSInterruptException=rospy.ROSInterruptException, ROSException=rospy.ROSException)
    with mock.patch.object(node, "rospy", fake), mock.patch.object(node, "warn_of_unread"):
        yield fake


def test_a_node_spins_and_is_closed(ros):
    made = mock.Mock()
    node.run("name", lambda: made)
    ros.init_node.assert_called_once_with("name")
    assert [call[0] for call in made.method_calls] == ["spin", "close"]
    ros.signal_shutdown.assert_called_once()


def test_ros_spins_where_the_node_does_not(ros):
    node.run("name", object)
    ros.spin.assert_called_once_with()


@pytest.mark.parametrize("number", node.SIGNALS)
def test_a_signal_shuts_down_in_another_thread_than_the_one_that_it_interrupts(ros, number):
    ended, threads = threading.Event(), []
    ros.signal_shutdown.side_effect = lambda reason: threads.append(threading.current_thread()) or ended.set()
    before = signal.getsignal(number)

    class Made:
        def spin(self):
            os.kill(os.getpid(), number)
            assert ended.wait(60)

    node.run("name", Made)
    assert threads[0] is not threading.main_thread()
    ros.signal_shutdown.assert_called_once_with("signal-%d" % number)
    assert signal.getsignal(number) is before


def test_an_interrupt_is_an_ordinary_end(ros):
    made = mock.Mock()
    made.spin.side_effect = rospy.ROSInterruptException
    node.run("name", lambda: made)
    made.close.assert_called_once_with()
    ros.logfatal.assert_not_called()


def test_publishing_while_the_shutdown_closes_the_topics_is_an_ordinary_end(ros):
    made = mock.Mock()
    made.spin.side_effect = rospy.ROSException("publish() to a closed topic")
    ros.core.is_shutdown_requested.return_value = True
    node.run("name", lambda: made)
    made.close.assert_called_once_with()
    ros.logfatal.assert_not_called()
    ros.core.is_shutdown_requested.return_value = False
    with pytest.raises(SystemExit):
        node.run("name", lambda: made)


def test_topics_are_closed_before_rospy_says_that_it_is_shut_down():
    with mock.patch.object(rospy.core, "_in_shutdown", True):
        assert node.is_ending() and not rospy.is_shutdown()
    assert not node.is_ending()


def test_a_user_error_ends_with_its_message_and_one(ros, capsys):
    with pytest.raises(SystemExit) as end:
        node.run("name", mock.Mock(side_effect=RehabCoachError("choose another file")))
    assert end.value.code == 1
    assert str(ros.logfatal.call_args[0][1]) == "choose another file"
    assert capsys.readouterr().err == ""


def test_any_other_error_closes_the_node_too(ros, capsys):
    made = mock.Mock()
    made.spin.side_effect = ValueError("slip")
    with pytest.raises(SystemExit) as end:
        node.run("name", lambda: made)
    assert end.value.code == 1
    made.close.assert_called_once_with()
    assert "slip" in str(ros.logfatal.call_args)
    assert "ValueError" in capsys.readouterr().err  # for whoever mends the program


def test_a_node_that_cannot_be_closed_ends_all_the_same(ros):
    made = mock.Mock()
    made.close.side_effect = OSError("the disk is full")
    with pytest.raises(OSError):
        node.run("name", lambda: made)
    ros.signal_shutdown.assert_called_once()  # else its thread would keep the process for ever
