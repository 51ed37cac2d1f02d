"""The whole schema: every table of the mirror, known to Alembic and by name."""

from __future__ import annotations

from zdsync.mirror import base, tables_account, tables_own, tables_rules, tables_tickets, tables_way

METADATA = base.METADATA
MIRRORED = base.MIRRORED

REVISION = "0013"
"""The migration that makes exactly these tables."""

LISTED = frozenset(
    {
        tables_account.groups,
        tables_account.group_memberships,
        tables_account.ticket_fields,
        tables_account.ticket_field_options,
        tables_account.user_fields,
        tables_account.organization_fields,
        tables_account.ticket_forms,
        tables_account.brands,
        tables_account.custom_statuses,
        tables_account.views,
        tables_rules.triggers,
        tables_rules.automations,
        tables_rules.macros,
        tables_rules.sla_policies,
        tables_rules.schedules,
        tables_rules.schedule_holidays,
        tables_rules.tags,
    }
)
"""Tables that come as whole lists: only a list, not a side-loaded row, can tell that a missed object lives again."""

OWN = (
    tables_own.zdsync_account,
    tables_own.zdsync_checkpoints,
    tables_own.zdsync_missing,
    tables_own.zdsync_wide_columns,
    tables_own.zdsync_runs,
    tables_own.zdsync_decisions,
    tables_own.zdsync_changes,
    tables_own.zdsync_holds,
    tables_own.zdsync_objects,
    tables_own.calendar_open,
    tables_own.zdsync_calendars,
    tables_own.zdsync_rulesets,
    tables_way.zdsync_due,
    tables_way.zdsync_notices,
    tables_way.zdsync_touched,
    tables_way.zdsync_state,
)
DERIVED = (
    tables_tickets.ticket_tags,
    tables_tickets.text_findings,
    tables_rules.kept_versions,
    tables_way.tier_stays,
    tables_way.tier_targets,
)
"""Tables that the mirror fills itself from the rows of others."""
