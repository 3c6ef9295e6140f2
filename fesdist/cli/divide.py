"""`fesdist divide`: one expression of a stack becomes two, by the mouths of the people, or two become one again."""

from __future__ import annotations

from fesdist.cli.console import say
from fesdist.ground.counting import counted
from fesdist.images.dividing import divide, unite
from fesdist.requests.stacks import Divide


def run(request: Divide) -> int:
    """Divide the expression, or unite it; raises as `divide` and `unite` do."""
    stack, expression, names = request.stack, request.expression, request.two_names()
    if request.undo:
        people = unite(stack, expression, names)
        say(f"{' and '.join(names)} of {stack} are {expression} again, of {counted(people, 'person')}")
        return 0
    kinds = divide(stack, expression, names)
    say(f"{expression} of {stack} is two expressions now, by how mouths change; versions trained before stay")
    width = max(len(kind.name) for kind in kinds)
    for kind, told in zip(kinds, ("the smaller changes", "the larger ones"), strict=True):
        held_out = f", {kind.held_out} of them held out" if kind.held_out else ""
        say(f"  {kind.name:{width}}  {counted(kind.people, 'person')}{held_out}: {told}")
    return 0
