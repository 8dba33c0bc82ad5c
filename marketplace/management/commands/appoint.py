"""`manage.py appoint EMAIL ROLE`: a person is a compliance officer, an operator, or neither any more."""

import argparse
import getpass

from django.core.management.base import BaseCommand, CommandError

from compliance.base.actor import Actor
from compliance.base.errors import Refusal
from marketplace.services import staff

COMMAND_LINE = Actor("operator", "command-line", "Command line")


class Command(BaseCommand):
    """For whoever has a shell on the server; on record in the audit log."""

    help = "Give a person the platform role officer or operator, or none."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Who, and what they become."""
        parser.add_argument("email")
        parser.add_argument("--create", action="store_true", help="make the login first; asks for its password")
        parser.add_argument("role", choices=[*(role for role in staff.ROLES if role), "none"])

    def handle(self, *args: object, email: str, role: str, create: bool, **options: object) -> None:
        """The person has the role."""
        try:
            if create:
                staff.make_login(email, getpass.getpass(f"Password of {email}: "))
            user = staff.appoint(email, "" if role == "none" else role, actor=COMMAND_LINE)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{user.email}: {user.get_platform_role_display()}")
