"""What a prompt costs to render: within its bounds, and by plain Jinja2, which has none.

    python bench/templates.py [--rounds N]

The rendering includes what plain Jinja2 does not do: the fence, defusing, the budget and the
messages. The hostile templates are those that take longest to be refused.
"""

import argparse
import timeit
from collections.abc import Callable
from contextlib import suppress

import jinja2

from noria.errors import ConfigError
from noria.prompts import Template, Templates
from noria.prompts.lint import examples
from noria.prompts.lookup import PACKAGED

HEAD = "---\nname: solver\ndescription: d\ninputs: [instruction]\n---\nuser:\n{{ instruction }}\n"
LONG = "{% set a = range(2000) | join('aaaaaaaaaa') %}"
HOSTILE = {
    "three loops": "{% for a in range(2000) %}" * 3 + "x" + "{% endfor %}" * 3,
    "wordwrap in a loop": LONG + "{% for i in range(2000) %}{% set b = a | wordwrap(9) %}{% endfor %}",
    "sort in a loop": "{% set a = range(2000) | list %}{% for i in a %}{% set b = a | sort %}{% endfor %}",
    "a reversed text, often": LONG + "{% set b = a[::-1] %}" * 450,
    "a long sum": "{{ " + "1+" * 20_000 + "1 }}",
}


def each(do: Callable[[], object], rounds: int) -> float:
    """Microseconds of one turn, the best of five."""
    return min(timeit.repeat(do, number=rounds, repeat=5)) / rounds * 1e6


def main() -> None:
    """Print what each template costs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2000)
    rounds: int = parser.parse_args().rounds
    found = Templates()
    print(f"{'template':24} {'bounded':>10} {'plain':>10} {'ratio':>6}   microseconds a prompt")
    for name in sorted(found.versions()):
        template = found[name]
        fields = examples(template)
        body = (PACKAGED / f"{name}.md").read_text().split("---\n", 2)[2]
        plain = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False).from_string(body)
        ours = each(lambda t=template, f=fields: t.render(f), rounds)  # type: ignore[misc]
        theirs = each(lambda t=plain, f=fields: t.render({**f, "mark": "<data-abcde>"}), rounds)  # type: ignore[misc]
        print(f"{name:24} {ours:10.1f} {theirs:10.1f} {ours / theirs:6.1f}")
    print(f"\n{'hostile template':24} {'seconds':>10}   until it is refused, or rendered")
    for name, text in HOSTILE.items():

        def tried(text: str = text) -> None:
            with suppress(ConfigError):
                Template.parse(HEAD + text, "solver").render({"instruction": "x"})

        print(f"{name:24} {timeit.timeit(tried, number=1):10.3f}")


if __name__ == "__main__":
    main()
