import dataclasses

import pytest
from gridclear.agent import assembly
from gridclear.agent.enrolment import ENROLMENT_FILE
from gridclear.agent.runners import daemon
from gridclear.errors import AgentError
from gridclear.files import write_json


@pytest.fixture
def no_docker(monkeypatch):
    def refuse():
        raise AgentError("no_docker", "No Docker daemon answers here.")

    monkeypatch.setattr(assembly, "answers", lambda: False)
    monkeypatch.setattr(daemon, "connect", refuse)
    monkeypatch.setattr("gridclear.agent.runners.docker.connect", refuse)


def test_without_docker_simulated_gpus_get_processes(enrolment, state, no_docker, caplog):
    assert assembly.choose_runner("auto", state).runtime == "process"
    assert "DEVELOPMENT ONLY" in caplog.text


def test_without_docker_a_real_node_does_not_run(enrolment, state, no_docker):
    write_json(state / ENROLMENT_FILE, {**dataclasses.asdict(enrolment), "simulate_gpu": ""})
    with pytest.raises(AgentError) as refused:
        assembly.choose_runner("auto", state)
    assert refused.value.code == "no_docker"


@pytest.mark.parametrize("kind", ["", "podman", "Docker"])
def test_another_runner_is_refused(enrolment, state, kind):
    with pytest.raises(AgentError) as refused:
        assembly.choose_runner(kind, state)
    assert refused.value.code == "bad_runner"


def test_one_agent_at_a_time(state):
    with assembly.locked(state):
        assert assembly.is_running(state)
        with pytest.raises(AgentError) as refused, assembly.locked(state):
            pass
        assert refused.value.code == "already_running"
    assert not assembly.is_running(state)


def test_a_damaged_state_is_named_and_left_as_it_is(enrolment, state):
    (state / ENROLMENT_FILE).write_text("{not json")
    with pytest.raises(AgentError) as refused:
        assembly.enrolled(state)
    assert refused.value.code == "enrolment_unreadable"
    assert (state / ENROLMENT_FILE).read_text() == "{not json"
