"""Scripts by which shells complete commands, options and their values; made from the requests, without a library."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

from fesdist.ground.options import Option
from fesdist.requests.build import options_of, summary_of
from fesdist.requests.groups import ModelOptions
from fesdist.requests.verbs import VERBS


def completion(shell: str) -> str:
    """Return the script for bash, zsh or fish; raises KeyError for another shell."""
    return "\n".join(_SCRIPTS[shell]()) + "\n"


def _bash() -> Iterator[str]:
    yield "_fesdist() {"
    yield '    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words=""'
    yield "    COMPREPLY=()"
    yield "    if [ $COMP_CWORD -eq 1 ]; then"
    yield f'        COMPREPLY=($(compgen -W "{" ".join(VERBS)} --help --version" -- "$word"))'
    yield "        return"
    yield "    fi"
    yield '    case "$verb $before" in'
    for verb, option in _options():
        if values := " ".join(_values(verb, option)):
            yield f'        "{verb} --{option.word}") COMPREPLY=($(compgen -W "{values}" -- "$word")); return ;;'
    yield "    esac"
    yield '    case "$verb" in'
    for verb in VERBS:
        said = " ".join(f"--{option.word}" for of, option in _options() if of == verb)
        yield f'        {verb}) words="{said} --help" ;;'
    yield "    esac"
    yield '    case "$word" in'
    yield '        -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;'
    yield '        *) compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -f -- "$word")) ;;'
    yield "    esac"
    yield "}"
    yield "complete -F _fesdist fesdist"


def _zsh() -> Iterator[str]:
    yield "#compdef fesdist"
    yield "_fesdist() {"
    yield "    if (( CURRENT == 2 )); then"
    yield "        local -a verbs=("
    for verb, request in VERBS.items():
        yield f"            {shlex.quote(f'{verb}:{summary_of(request)}')}"
    yield "        )"
    yield "        _describe command verbs"
    yield "        return"
    yield "    fi"
    yield "    local verb=$words[2]"
    yield "    shift words; (( CURRENT-- ))"
    yield "    case $verb in"
    for verb in VERBS:
        yield f"        {verb}) _arguments \\"
        for of, option in _options():
            if of == verb:
                yield f"            {shlex.quote(_zsh_option(verb, option))} \\"
        yield "            '--help[show this help]' '*:file:_files' ;;"
    yield "    esac"
    yield "}"
    yield 'if [ "$funcstack[1]" = _fesdist ]; then _fesdist "$@"; else compdef _fesdist fesdist; fi'


def _zsh_option(verb: str, option: Option) -> str:
    told = option.help.translate(str.maketrans("[]:", "(),", "\\"))
    if option.type is bool:
        return f"--{option.word}[{told}]"
    values = " ".join(_values(verb, option))
    return f"--{option.word}[{told}]:{option.name}:{f'({values})' if values else '_files'}"


def _fish() -> Iterator[str]:
    for verb, request in VERBS.items():
        yield f"complete -c fesdist -n __fish_use_subcommand -f -a {verb} -d {shlex.quote(summary_of(request))}"
    for verb, option in _options():
        takes = "" if option.type is bool else " -r"
        if values := _values(verb, option):
            takes = f" -x -a {shlex.quote(' '.join(values))}"
        told = shlex.quote(option.help.replace("\\", "\\\\"))
        yield f"complete -c fesdist -n '__fish_seen_subcommand_from {verb}' -l {option.word}{takes} -d {told}"


def _options() -> Iterator[tuple[str, Option]]:
    """Yield each option of each verb that is said by a word of its own."""
    for verb, request in VERBS.items():
        for option in options_of(request).values():
            if not option.positional:
                yield verb, option


def _values(verb: str, option: Option) -> tuple[str, ...]:
    """Return the words that an option takes, as far as there are only these."""
    request: Any = VERBS[verb]
    if option.name == "model" and issubclass(request, ModelOptions):
        from fesdist.registry import MODELS

        return tuple(MODELS)
    return option.choices or (("yes", "no", *option.words) if option.type == bool | None else ())


_SCRIPTS: dict[str, Callable[[], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
