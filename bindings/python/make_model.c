/* SPDX-License-Identifier: MIT */
/* Prints _model.py: the dataclasses that the field tables describe. Run by the build. */
#include "shapes.h"

#include <stdio.h>
#include <stdlib.h>

static np_shapes shapes;

static const char *class_of(const np_table *t)
{
    return shapes.classes[np_shapes_find(&shapes, t)->class_index].name;
}

/* Tables that share a class may tell "" and absent apart in one of them only. */
static bool may_be_none(const np_class_shape *c, size_t at)
{
    for (size_t i = 0; i < shapes.n; i++) {
        const np_shape *s = &shapes.shapes[i];
        bool shares = s == c->shape || (!c->kind && &shapes.classes[s->class_index] == c &&
                                        strcmp(s->table->go_name, c->shape->table->go_name) == 0);
        if (shares && s->fields[at]->kind == NP_STRING_SET)
            return true;
    }
    return false;
}

static void print_struct(const np_field *f)
{
    const char *name = class_of(f->sub);
    if (f->flags & NP_REQUIRED_KEY)
        printf("%s = field(default_factory=%s)", name, name);
    else
        printf("%s | None = None", name);
}

static void print_type(const np_class_shape *c, size_t at)
{
    const np_field *f = c->shape->fields[at];
    static const char *const simple[] = {
        [NP_STRING] = "str = \"\"",
        [NP_STRING_SET] = "str | None = None",
        [NP_BOOL] = "bool = False",
        [NP_BOOL_SET] = "bool | None = None",
        [NP_INT32] = "int = 0",
        [NP_INT32_SET] = "int | None = None",
        [NP_INT64] = "int = 0",
        [NP_INT64_SET] = "int | None = None",
        [NP_TIME] = "str | None = None",
        [NP_INT_OR_STRING] = "int | str | None = None",
        [NP_STRING_MAP] = "dict[str, str] = field(default_factory=dict)",
        [NP_STRING_LIST] = "list[str] = field(default_factory=list)",
        [NP_PLUCK_LIST] = "list[str] = field(default_factory=list)",
        [NP_JSON] = "str | None = None",
    };
    if (f->kind == NP_STRUCT)
        print_struct(f);
    else if (f->kind == NP_STRUCT_LIST)
        printf("list[%s] = field(default_factory=list)", class_of(f->sub));
    else if (f->kind == NP_STRING && may_be_none(c, at))
        fputs("str | None = \"\"", stdout);
    else
        fputs(simple[f->kind], stdout);
}

static void print_class(const np_class_shape *c)
{
    const np_table *t = c->shape->table;
    printf("\n\n@dataclass(slots=True, kw_only=True, repr=False)\nclass %s(Value):\n", c->name);
    if (c->kind)
        printf("    \"\"\"%s of %s.%s\"\"\"\n\n"
               "    api_version: ClassVar[str] = \"%s\"\n"
               "    kind: ClassVar[str] = \"%s\"\n",
               c->name, c->kind->api_version,
               t->partial ? " Only the fields that verdicts need." : "", c->kind->api_version,
               c->kind->name);
    else
        printf("    \"\"\"%c%s (API type %s).\"\"\"\n\n", t->title[0] - 'a' + 'A', t->title + 1,
               t->go_name);
    for (size_t i = 0; i < c->shape->n; i++) {
        const np_field *f = c->shape->fields[i];
        printf("    %s: ", f->c_name);
        print_type(c, i);
        printf("  # %s\n", f->name);
    }
}

static void print_names(const np_class_shape *c)
{
    printf("    (%s, (", c->name);
    for (size_t i = 0; i < c->shape->n; i++)
        printf("\"%s\",%s", c->shape->fields[i]->c_name, i + 1 < c->shape->n ? " " : "");
    puts(")),");
}

int main(void)
{
    if (!np_shapes_make(&shapes)) {
        fputs("make_model: the field tables have outgrown shapes.h\n", stderr);
        return EXIT_FAILURE;
    }
    puts(
        "# SPDX-License-Identifier: MIT\n"
        "# Made by make_model.c from the library's field tables; changes here are lost.\n"
        "\"\"\"The API objects as dataclasses. Each field's comment is its name in the API.\"\"\"\n"
        "from __future__ import annotations\n\n"
        "from dataclasses import dataclass, field\n"
        "from typing import Any, ClassVar\n\n"
        "from ._value import Value\n");
    printf("VERSION = \"%s\"", netpol_version_text());
    for (size_t i = 0; i < shapes.n_classes; i++)
        print_class(&shapes.classes[i]);
    puts("\n\n# For the extension: each class with the names of its fields, in the order of the "
         "tables.\n"
         "CLASSES: tuple[tuple[type[Any], tuple[str, ...]], ...] = (");
    for (size_t i = 0; i < shapes.n_classes; i++)
        print_names(&shapes.classes[i]);
    puts(")\n\nObject = (");
    const char *before = "    ";
    for (size_t i = 0; i < shapes.n_classes; i++)
        if (shapes.classes[i].kind) {
            printf("%s%s", before, shapes.classes[i].name);
            before = "\n    | ";
        }
    puts("\n)\nPolicy = NetworkPolicy | ClusterNetworkPolicy | AdminNetworkPolicy | "
         "BaselineAdminNetworkPolicy");
    puts("\n__all__ = [");
    for (size_t i = 0; i < shapes.n_classes; i++)
        printf("    \"%s\",\n", shapes.classes[i].name);
    puts("    \"Object\",\n    \"Policy\",\n]");
    return ferror(stdout) || fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
