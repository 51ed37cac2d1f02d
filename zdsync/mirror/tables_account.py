"""Tables of people and of the account's configuration."""

from __future__ import annotations

from zdsync.mirror.base import active, created, mirrored, position, title, updated, url
from zdsync.mirror.columns import flag, json, key, moment, number, text

users = mirrored(
    "users",
    "One row per customer, agent or admin",
    key("id", "User id"),
    url(),
    text("name", "Name"),
    text("email", "Main address"),
    text("role", "end-user, agent or admin"),
    number("role_type", "Kind of agent role"),
    number("custom_role_id", "Custom agent role"),
    number("organization_id", "Organization (organizations.id)"),
    number("default_group_id", "The agent's default group (groups.id)"),
    flag("active", "False when the user was deleted"),
    flag("suspended", "Whether the user is suspended"),
    flag("verified", "Whether an identity is verified"),
    flag("shared", "Whether shared from another account"),
    text("time_zone", "Time zone, Zendesk's name"),
    text("iana_time_zone", "Time zone, IANA name"),
    text("locale", "Language"),
    number("locale_id", "Language id"),
    text("phone", "Telephone number"),
    text("external_id", "Id in another system"),
    text("alias", "Name that customers see"),
    text("details", "Details"),
    text("notes", "Notes"),
    text("ticket_restriction", "Which tickets the user may see"),
    json("tags", "Tags (JSON list)"),
    json("user_fields", "Custom fields by key (JSON object)"),
    created(),
    updated(),
    moment("last_login_at", "Last sign-in"),
    indexes={"email": "email", "organization": "organization_id", "role": "role"},
)

organizations = mirrored(
    "organizations",
    "One row per customer organization",
    key("id", "Organization id"),
    url(),
    text("name", "Name"),
    text("external_id", "Id in another system"),
    json("domain_names", "Mail domains (JSON list)"),
    json("tags", "Tags (JSON list)"),
    json("organization_fields", "Custom fields by key (JSON object)"),
    number("group_id", "Group that new tickets go to (groups.id)"),
    text("details", "Details"),
    text("notes", "Notes"),
    flag("shared_tickets", "Whether members see each other's tickets"),
    flag("shared_comments", "Whether members comment on each other's tickets"),
    created(),
    updated(),
    indexes={"name": "name"},
)

groups = mirrored(
    "groups",
    "One row per group of agents",
    key("id", "Group id"),
    url(),
    text("name", "Name"),
    text("description", "Description"),
    flag("default", "Whether it is the account's default group"),
    flag("is_public", "Whether every agent may see it"),
    flag("deleted", "Whether Zendesk marks it as deleted"),
    created(),
    updated(),
)

group_memberships = mirrored(
    "group_memberships",
    "One row per agent and group",
    key("id", "Membership id"),
    url(),
    number("user_id", "Agent (users.id)"),
    number("group_id", "Group (groups.id)"),
    flag("default", "Whether it is the agent's default group"),
    created(),
    updated(),
    indexes={"user": "user_id", "group": "group_id"},
)

ticket_fields = mirrored(
    "ticket_fields",
    "One row per ticket field, system or custom",
    key("id", "Field id"),
    url(),
    title(),
    text("raw_title", "Title before dynamic content"),
    text("type", "Kind of field, such as tagger or checkbox"),
    text("key", "Stable name, where Zendesk has given one"),
    text("description", "Description"),
    position(),
    active(),
    flag("required", "Whether needed to solve a ticket"),
    flag("removable", "False for system fields"),
    text("tag", "Tag set by a checkbox"),
    number("sub_type_id", "Variant of a system field"),
    text("regexp_for_validation", "Pattern of a regexp field"),
    created(),
    updated(),
)

ticket_field_options = mirrored(
    "ticket_field_options",
    "One row per choice of a drop-down or multi-select ticket field",
    key("id", "Option id"),
    number("ticket_field_id", "Field (ticket_fields.id)"),
    text("name", "Label as shown"),
    text("raw_name", "Label before dynamic content"),
    text("value", "Tag that the choice sets"),
    position(),
    flag("default", "Whether chosen by default"),
    indexes={"field": "ticket_field_id"},
)

user_fields = mirrored(
    "user_fields",
    "One row per custom field of users",
    key("id", "Field id"),
    url(),
    text("key", "Name in users.user_fields"),
    title(),
    text("type", "Kind of field"),
    active(),
    position(),
    json("custom_field_options", "Choices (JSON list)"),
    created(),
    updated(),
)

organization_fields = mirrored(
    "organization_fields",
    "One row per custom field of organizations",
    key("id", "Field id"),
    url(),
    text("key", "Name in organizations.organization_fields"),
    title(),
    text("type", "Kind of field"),
    active(),
    position(),
    json("custom_field_options", "Choices (JSON list)"),
    created(),
    updated(),
)

ticket_forms = mirrored(
    "ticket_forms",
    "One row per ticket form",
    key("id", "Form id"),
    url(),
    text("name", "Name"),
    text("display_name", "Name that customers see"),
    position(),
    active(),
    flag("default", "Whether it is the default form"),
    flag("end_user_visible", "Whether customers can choose it"),
    json("ticket_field_ids", "Its fields in order (JSON list of ticket_fields.id)"),
    created(),
    updated(),
)

brands = mirrored(
    "brands",
    "One row per brand",
    key("id", "Brand id"),
    url(),
    text("name", "Name"),
    text("subdomain", "Subdomain"),
    text("brand_url", "Address of the brand"),
    active(),
    flag("default", "Whether it is the default brand"),
    flag("is_deleted", "Whether Zendesk marks it as deleted"),
    created(),
    updated(),
)

custom_statuses = mirrored(
    "custom_statuses",
    "One row per exact ticket status",
    key("id", "Status id"),
    url(),
    text("status_category", "new, open, pending, hold or solved"),
    text("agent_label", "Label for agents"),
    text("end_user_label", "Label for customers"),
    text("description", "Description"),
    active(),
    flag("default", "Whether it is its category's default"),
    created(),
    updated(),
)

views = mirrored(
    "views",
    "One row per shared view",
    key("id", "View id"),
    url(),
    title(),
    text("description", "Description"),
    position(),
    active(),
    flag("default", "Whether it is a default view"),
    json("conditions", "Conditions in the read form (JSON object of all and any)"),
    json("execution", "Columns, grouping and order (JSON object)"),
    json("restriction", "Who sees it (JSON object); null: every agent"),
    created(),
    updated(),
)
