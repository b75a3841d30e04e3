"""Drawings as SVG text, for pages, reports and cards alike: no script, titles for screen readers, colours by class.

    curve(series, title=…)      lines with intervals over rounds or tokens
    bars(rows, title=…)         a bar a line; stacked(stacks, title=…): how wholes are divided
    lineage(nodes, moves, …)    the policies as a graph
    spark(values, title=…)      a small line in a table's cell

Pure functions from frozen dataclasses to Markup, which a template shows as it is; `standalone=True`
makes the text of a file. A page puts them in `<figure class="drawing">`, which scrolls where they are wide.
"""

from noria.viewer.drawing.bars import Bar, Stack, bars, stacked
from noria.viewer.drawing.curve import Point, Series, curve
from noria.viewer.drawing.lineage import Back, Node, lineage
from noria.viewer.drawing.spark import spark

__all__ = ["Back", "Bar", "Node", "Point", "Series", "Stack", "bars", "curve", "lineage", "spark", "stacked"]
