"""What is asked before something is done: a confirmation, a name, or a choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

__all__ = ["Choose", "Confirm", "Enter"]


class Confirm(ModalScreen[bool]):
    """Asks whether something is meant; True if it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, label: str) -> None:
        """Ask a question; ``label`` is what a button says that does it."""
        super().__init__()
        self._question = question
        self._label = label

    def compose(self) -> ComposeResult:
        """Lay out the question and the two buttons."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._question), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Text(f"{self._label} (y)"), id="yes", variant="error")
                yield Button(Text("Leave it (n)"), id="no")

    def on_mount(self) -> None:
        """Let Enter do nothing that cannot be undone."""
        self.query_one("#no").focus()

    def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """Answer by a button."""
        self.dismiss(pressed.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by a key."""
        self.dismiss(answer)


class Enter(ModalScreen[str | None]):
    """Asks for a name; None if there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay out the question and the line to write on."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._question), markup=False)
            yield Input()

    def on_input_submitted(self, submitted: Input.Submitted) -> None:
        """Answer what was written."""
        self.dismiss(submitted.value.strip() or None)

    def action_leave(self) -> None:
        """Answer nothing."""
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """Asks for one of a few; None if it is none of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it"),
    ]

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        super().__init__()
        self._question = question
        self._choices = choices

    def compose(self) -> ComposeResult:
        """Lay out the question and the choices."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._question), markup=False)
            yield OptionList(*(Option(each, id=each) for each in self._choices))

    def on_mount(self) -> None:
        """Begin at the first choice."""
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self, chosen: OptionList.OptionSelected) -> None:
        """Answer what was chosen."""
        self.dismiss(chosen.option_id)

    def action_leave(self) -> None:
        """Answer nothing."""
        self.dismiss(None)
