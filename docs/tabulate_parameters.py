"""Writes docs/parameters.md from config/coach.yaml and its comments. Run: python3 docs/tabulate_parameters.py"""

import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
HEAD = """# Parameters

Made from [config/coach.yaml](../config/coach.yaml) by `python3 docs/tabulate_parameters.py`. Copy that file, change it,
start with `config:=/path/to/yours.yaml`. Every parameter is checked when its node starts; a wrong one ends the node
with a message that names it and what is allowed (recorder and controller are started again by coach.launch, so they
repeat it until it is right). Units: metres, radians, seconds, hertz, pixels.
"""
NODE = re.compile(r"(\w+): +# (.+)")
PARAMETER = re.compile(r"  (\w+):( +\S.*?)?(?: +# (.+))?$")
MORE = re.compile(r" {3,}# (.+)")


def tables(text):
    """Markdown: for each node what it does and its parameters with default and meaning."""
    lines, before, told = [], "", False
    for line in text.split("\n"):
        node, parameter, more = NODE.match(line), PARAMETER.match(line), MORE.match(line)
        if node:
            what = node.group(2)
            lines += ["", "## %s" % node.group(1), "", "%s%s." % (what[0].upper(), what[1:]), ""]
            lines += ["| parameter | default | meaning |", "|---|---|---|"]
        elif line.startswith("  # "):
            before = "%s %s" % (before, line[4:])
        elif parameter and lines:
            value = (parameter.group(2) or "").strip()
            default = "`%s`" % value if value else "see the file"
            lines.append("| `%s` | %s | %s |" % (parameter.group(1), default, parameter.group(3) or before.strip()))
            before, told = "", bool(parameter.group(3))
        elif more and told:
            lines[-1] = "%s %s |" % (lines[-1][:-2], more.group(1))
    return "\n".join(lines) + "\n"


def main():
    """Write the page."""
    with open(os.path.join(ROOT, "config", "coach.yaml"), encoding="utf-8") as stream:
        page = HEAD + tables(stream.read())
    with open(os.path.join(ROOT, "docs", "parameters.md"), "w", encoding="utf-8") as stream:
        stream.write(page)


if __name__ == "__main__":
    main()
