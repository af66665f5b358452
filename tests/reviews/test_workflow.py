"""The table of states, row by row and role by role; its page in docs is not allowed to drift."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from accounts.errors import DomainError
from accounts.roles import PERMISSIONS, Role
from accounts.workflow import next_state
from reviews.models import ReviewStatus
from reviews.workflow import (
    OPEN_STATES,
    READ_TRANSITIONS,
    TRANSITIONS,
    Action,
    ReadAction,
    ReadState,
    State,
    mermaid,
)

S, A = State, Action
ALLOWED = {
    (S.WAITING, A.CLAIM): S.CLAIMED,
    (S.CLAIMED, A.HAND_BACK): S.RELEASED,
    (S.CLAIMED, A.LEASE_LAPSED): S.RELEASED,
    (S.CLAIMED, A.REQUEST_RETAKE): S.RETAKE_REQUESTED,
    (S.CLAIMED, A.APPROVE): S.DECIDED,
    (S.CLAIMED, A.AMEND): S.DECIDED,
    (S.CLAIMED, A.REJECT): S.REJECTED,
    (S.DECIDED, A.REOPEN): S.CLAIMED,
    (S.DECIDED, A.SIGN): S.SIGNED,
    (S.DECIDED, A.HAND_BACK): S.RELEASED,
    (S.DECIDED, A.LEASE_LAPSED): S.RELEASED,
    (S.CLAIMED, A.ESCALATE): S.ESCALATED,
    (S.DECIDED, A.ESCALATE): S.ESCALATED,
    (S.ESCALATED, A.CLAIM): S.CLAIMED,
    (S.CLAIMED, A.COMMIT_GRADE): S.CLAIMED,
    (S.CLAIMED, A.ASK_OPINION): S.CLAIMED,
    (S.CLAIMED, A.GIVE_OPINION): S.CLAIMED,
    (S.RELEASED, A.GIVE_OPINION): S.RELEASED,
    (S.ESCALATED, A.GIVE_OPINION): S.ESCALATED,
    (S.CLAIMED, A.WITHDRAW_OPINION): S.CLAIMED,
}
ONE_ROLE = {A.ESCALATE: {Role.TRICHOLOGIST}, (S.ESCALATED, A.CLAIM): {Role.DERMATOLOGIST}}
CLINICIANS = {Role.DERMATOLOGIST, Role.TRICHOLOGIST}
R, RA = ReadState, ReadAction
READS = {
    (R.NOT_DEMANDED, RA.DEMAND): R.FIRST_DUE,
    (R.FIRST_DUE, RA.COMMIT_FIRST): R.SECOND_DUE,
    (R.SECOND_DUE, RA.AGREE): R.SETTLED,
    (R.SECOND_DUE, RA.DISAGREE): R.ADJUDICATION_DUE,
    (R.ADJUDICATION_DUE, RA.ADJUDICATE): R.SETTLED,
    (R.SECOND_DUE, RA.WAIVE): R.WAIVED,
    (R.ADJUDICATION_DUE, RA.WAIVE): R.WAIVED,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_every_state_and_action_leads_where_it_should_or_is_refused(state, action):
    if (state, action) in ALLOWED:
        assert next_state(TRANSITIONS, state, action).target is ALLOWED[(state, action)]
    else:
        with pytest.raises(DomainError) as refused:
            next_state(TRANSITIONS, state, action)
        assert refused.value.code == "wrong_state"


@pytest.mark.parametrize("key", [key for key, row in TRANSITIONS.items() if row.permission])
@pytest.mark.parametrize("role", Role)
def test_only_clinicians_move_a_case(key, role):
    permission = TRANSITIONS[key].permission
    assert permission is not None
    allowed = ONE_ROLE.get(key) or ONE_ROLE.get(key[1], CLINICIANS)
    assert (role in PERMISSIONS[permission]) is (role in allowed)


@pytest.mark.parametrize("state", ReadState)
@pytest.mark.parametrize("action", ReadAction)
def test_an_independent_reading_goes_its_way_and_no_other(state, action):
    if (state, action) in READS:
        assert next_state(READ_TRANSITIONS, state, action).target is READS[(state, action)]
    else:
        with pytest.raises(DomainError):
            next_state(READ_TRANSITIONS, state, action)


@pytest.mark.parametrize("key", [key for key, row in READ_TRANSITIONS.items() if row.permission])
@pytest.mark.parametrize("role", Role)
def test_clinicians_read_and_administrators_waive(key, role):
    permission = READ_TRANSITIONS[key].permission
    assert permission is not None
    allowed = {Role.ADMINISTRATOR} if key[1] is RA.WAIVE else CLINICIANS
    assert (role in PERMISSIONS[permission]) is (role in allowed)


def test_only_the_portal_lets_a_lease_lapse():
    assert {key[1] for key, row in TRANSITIONS.items() if row.permission is None} == {Action.LEASE_LAPSED}


def test_each_transition_has_its_own_audit_event_per_action():
    names = {action: row.audit for (_state, action), row in reversed(list(TRANSITIONS.items()))}
    assert len(set(names.values())) == len(names)


def test_states_are_those_of_the_model():
    assert {state.value for state in State} - {"waiting"} == set(ReviewStatus.values)
    assert tuple(state.value for state in OPEN_STATES) == ReviewStatus.open_states()


def test_the_diagram_names_every_transition():
    drawn = mermaid()
    for (state, action), row in TRANSITIONS.items():
        assert f"{state.value} --> {row.target.value}: {action.value.replace('_', ' ')}" in drawn


def test_the_page_in_docs_is_up_to_date(settings, tmp_path):
    call_command("states_diagram", "--check")
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="out of date"):
        call_command("states_diagram", "--check")
    call_command("states_diagram")
    call_command("states_diagram", "--check")
