"""TypeScript's syntax (tree-sitter-typescript): JavaScript's, and types, which never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyrun.policy.grammar import words
from polyrun.policy.grammars.ecmascript import grammar

if TYPE_CHECKING:
    from ast_grep_py import SgNode

    from polyrun.policy.scopes import Binder, Scope


def _own(binder: Binder, node: SgNode, scope: Scope, _inner: Scope) -> None:
    binder.bind(node.field("name"), scope, None)


_TYPES = words(
    "type_annotation type_arguments type_parameters type_alias_declaration interface_declaration ambient_declaration "
    "function_signature abstract_method_signature method_signature predefined_type type_identifier generic_type "
    "union_type intersection_type array_type tuple_type object_type literal_type function_type type_query "
    "readonly_type index_type_query conditional_type lookup_type nested_type_identifier implements_clause "
    "asserts_annotation type_predicate_annotation template_literal_type existential_type const_type this_type "
    "accessibility_modifier override_modifier mapped_type_clause"
)

GRAMMAR = grammar(
    "typescript",
    _TYPES,
    {"enum_declaration": _own, "internal_module": _own, "abstract_class_declaration": _own},
    {
        "as_expression": "",
        "satisfies_expression": "",
        "non_null_expression": "",
        "type_assertion": "",
        "instantiation_expression": "",
    },
)
