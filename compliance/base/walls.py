"""Triggers that nothing can tell to look away.

`django-pgtrigger` lets a session skip its triggers (`pgtrigger.ignore`, a session variable that raw SQL can set too).
A compliance wall must have no such door, so these triggers are compiled without that check.
"""

from typing import Any

import pgtrigger
from django.db import models
from pgtrigger import compiler


class WallSql(compiler.UpsertTriggerSql):
    """The installation of a trigger, without the check of `pgtrigger.ignore`."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Wall(pgtrigger.Trigger):
    """A trigger that holds whoever writes: services, raw SQL, a shell."""

    def compile(self, model: type[models.Model]) -> compiler.Trigger:  # type: ignore[override]
        """The trigger for migrations, on `WallSql`."""
        plain = super().compile(model)  # type: ignore[arg-type]
        kwargs: dict[str, Any] = dict(plain.sql.kwargs)
        kwargs.pop("ignore_func_name", None)
        return compiler.Trigger(name=plain.name, sql=WallSql(**kwargs))


class Immutable(Wall):
    """Rows of the table are never updated (unless `operation` says Delete only) and never deleted."""

    when = pgtrigger.Before
    operation = pgtrigger.Update | pgtrigger.Delete

    def get_func(self, model: type[models.Model]) -> str:  # type: ignore[override]
        """The refusal."""
        return (
            f"RAISE EXCEPTION '{model._meta.db_table}: % is refused, rows are kept as written', TG_OP "
            "USING ERRCODE = 'check_violation';"
        )


class NeverEmptied(Wall):
    """The table's rows do not go away all at once either: TRUNCATE fires no trigger of rows, so this is one of its own.

    Whatever model has an `Immutable` trigger has this one too.
    """

    level = pgtrigger.Statement
    when = pgtrigger.Before
    operation = pgtrigger.Truncate

    def get_func(self, model: type[models.Model]) -> str:  # type: ignore[override]
        """The refusal."""
        return (
            f"RAISE EXCEPTION '{model._meta.db_table}: TRUNCATE is refused, rows are kept as written' "
            "USING ERRCODE = 'check_violation';"
        )


def update_of(*columns: str) -> pgtrigger.Operation:
    """The operation “update of these columns”, named as the database names them."""
    return pgtrigger.UpdateOf(*columns)  # type: ignore[no-untyped-call]


def new_rows(name: str) -> pgtrigger.Referencing:
    """All new rows of a statement, as a table of that name, for a trigger that looks at them together."""
    return pgtrigger.Referencing(new=name)  # type: ignore[no-untyped-call]
