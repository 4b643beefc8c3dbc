"""What Citus refuses, looked for in a database's catalog and in the texts of queries.

Sources: https://docs.citusdata.com/en/stable/develop/reference_ddl.html (constraints),
…/reference_workarounds.html (limitations), https://github.com/citusdata/citus/issues/6808
(identity columns), https://github.com/citusdata/citus/pull/5705 (triggers).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

Plan = Mapping[str, str]
"""The distribution column of each table that is distributed."""

_CHECKS = {
    "unique without the distribution column": """
        select indexrelid::regclass::text, indrelid::regclass::text, (
            select array_agg(attname::text)
            from pg_attribute
            where attrelid = indrelid and attnum = any(indkey)
        )
        from pg_index
        where (indisunique or indisexclusion) and indrelid::regclass::text = any(%(tables)s)
    """,
    "foreign key": """
        select conname, conrelid::regclass::text, null from pg_constraint
        where contype = 'f' and (
            conrelid::regclass::text = any(%(tables)s)
            or confrelid::regclass::text = any(%(tables)s)
        )
    """,
    "trigger": """
        select tgname, tgrelid::regclass::text, null from pg_trigger
        where not tgisinternal and tgrelid::regclass::text = any(%(tables)s)
    """,
    "rule": """
        select rulename, ev_class::regclass::text, null from pg_rewrite
        where ev_class::regclass::text = any(%(tables)s)
    """,
    "partitions of partitions": """
        select oid::regclass::text, inhparent::regclass::text, null
        from pg_inherits join pg_class on oid = inhrelid
        where relkind = 'p' and inhparent::regclass::text = any(%(tables)s)
    """,
    "inheritance": """
        select oid::regclass::text, inhparent::regclass::text, null
        from pg_inherits join pg_class on oid = inhrelid
        where not relispartition and inhparent::regclass::text = any(%(tables)s)
    """,
    "a sequence that is no bigint": """
        select attname, attrelid::regclass::text, null
        from pg_attribute
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid::regclass::text = any(%(tables)s) and atttypid <> 'bigint'::regtype
            and (attidentity <> '' or pg_get_expr(adbin, adrelid) like 'nextval(%%')
    """,
}
_KEYED = "unique without the distribution column"

_CONSTRUCTS = {
    "row lock": r"\bfor (update|no key update|share|key share)\b",
    "table lock": r"\block table\b",
    "advisory lock": r"\bpg_(try_)?advisory",
    "outer join": r"\b(left|right|full)( outer)? join\b",
    "exists": r"\bexists \(",
    "conflict clause": r"\bon conflict\b",
    "transaction ids": r"\bxid8\b|\bpg_current_(snapshot|xact_id)\b",
    "catalog": r"\bpg_(inherits|class|total_relation_size|partition_root)\b",
    "dynamic SQL": r"\bexecute (format|\$)",
    "grouping sets": r"\bgrouping sets\b|\bgroup by (rollup|cube)\b",
    "recursion": r"\bwith recursive\b",
    "sample": r"\btablesample\b",
    "merge": r"\bmerge into\b",
    "window": r"\bover \(",
}


def tables(connection: psycopg.Connection[Any]) -> set[str]:
    """Return the names of the tables that are no partitions."""
    found = connection.execute(
        "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
        " and relnamespace = current_schema()::regnamespace"
    )
    return {name for (name,) in found}


def refused(connection: psycopg.Connection[Any], plan: Plan) -> set[tuple[str, str]]:
    """Return what Citus would refuse of distributed tables: the construct and its name."""
    found = set()
    for construct, statement in _CHECKS.items():
        rows = connection.execute(statement.encode(), {"tables": list(plan)})
        for name, table, columns in rows:
            if construct != _KEYED or plan[table] not in columns:
                found.add((construct, name))
    return found


def functions(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of the functions in the database."""
    yield from connection.execute(
        "select proname || '()', prosrc from pg_proc"
        " where pronamespace = current_schema()::regnamespace and prolang <> ("
        " select oid from pg_language where lanname = 'c')"
    )


def triggered(connection: psycopg.Connection[Any]) -> set[str]:
    """Return the tables that have triggers."""
    found = connection.execute(
        "select tgrelid::regclass::text from pg_trigger where not tgisinternal"
    )
    return {name for (name,) in found}


def constructs(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return by construct, in which texts it is, for those that need a look on Citus."""
    found = {
        construct: {name for name, text in texts.items() if re.search(pattern, _code(text))}
        for construct, pattern in _CONSTRUCTS.items()
    }
    return {construct: names for construct, names in found.items() if names}


def _code(text: str) -> str:
    """Return a text without its comments, in lower case."""
    return re.sub(r"--.*", "", text).lower()
