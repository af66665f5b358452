"""The one who acts: every service takes an :class:`Actor`, never a request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts.errors import NotAllowed
from accounts.roles import PERMISSIONS, Permission, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person in one role. ``clinic_id`` is set for staff; a patient's scope is ``PatientAccess``."""

    user_id: UUID
    role: Role
    clinic_id: UUID | None
    membership_id: UUID | None = None
    display_name: str = ""

    def can(self, permission: Permission) -> bool:
        return self.role in PERMISSIONS[permission]

    @property
    def own_clinic_id(self) -> UUID:
        """The staff member's clinic; :class:`NotAllowed` for a patient, who has none."""
        if self.clinic_id is None:
            raise NotAllowed("This is for a clinic's staff.")
        return self.clinic_id

    def check(self, permission: Permission) -> None:
        """Raise :class:`NotAllowed` unless this role holds ``permission``."""
        if not self.can(permission):
            raise NotAllowed("Your role does not allow this. Ask an administrator of your clinic.")
