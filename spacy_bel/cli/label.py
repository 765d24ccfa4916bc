"""``python -m spacy_bel label``: a teacher's choices for mined mentions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spacy_bel.distillation.label import Outcome
    from spacy_bel.distillation.teacher import Teacher


def label(
    context: typer.Context,
    examples: Annotated[Path, typer.Argument(help="Rows with candidates, as mine writes them.")],
    output: Annotated[Path, typer.Argument(help="The labelled rows to write.")],
    *,
    teacher: Annotated[
        Path, typer.Option("--teacher", "-t", help="A teacher's config: [teacher], [reranker].")
    ],
    budget: Annotated[
        float | None,
        typer.Option("--budget", min=0, help="What it may cost, in the currency of the prices."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it will cost, and ask nothing.")
    ] = False,
    batch: Annotated[
        str,
        typer.Option(
            "--batch",
            help="Ask by OpenAI's Batch API, at half the price, step by step: write, submit, "
            "poll, collect; then label without this option.",
        ),
    ] = "",
    discount: Annotated[
        float,
        typer.Option("--batch-price", min=0, max=1, help="What a batch costs, of the price."),
    ] = 0.5,
) -> None:
    """Label rows by a teacher: any reranker that a config names.

    Settings of the config can be given here, such as --teacher.questions 3. Answers are kept as
    they arrive, in OUTPUT.llm.sqlite where the config names no file: the same command goes on
    where it was stopped, and pays for nothing twice. Rows that could not be labelled are listed
    in a file beside the output, with the reasons.
    """
    from spacy.cli._util import parse_config_overrides

    from spacy_bel.distillation.label import current_rows, failures_path
    from spacy_bel.distillation.label import label as run
    from spacy_bel.distillation.teacher import read_teacher

    who = read_teacher(
        teacher,
        parse_config_overrides(context.args, env_var=None),
        answers=output.with_name(f"{output.name}.llm.sqlite"),
        budget=budget,
    )
    if batch:
        _batch(who, examples, output, batch, discount)
    elif dry_run:
        from spacy_bel.distillation.pricing import price

        found = price(who, current_rows(examples, who))
        how = "by earlier calls" if found.is_measured else "at most, for nothing was asked yet"
        typer.echo(
            f"{found.requests:,} requests, {found.cached:,} of them answered already; "
            f"{found.input_tokens:,} tokens in and {found.output_tokens:,} out ({how})\n"
            f"Cost {found.cost:.4g}, at most {found.worst:.4g}; so far {who.spent:.4g}"
        )
    else:
        _tell(run(examples, output, who, progress=True), who, output, failures_path(output))


def _tell(outcome: Outcome, teacher: Teacher, output: Path, failures: Path) -> None:
    typer.echo(
        f"Wrote {output}: {outcome.labelled:,} rows labelled by {teacher.source}, "
        f"{outcome.nil:,} of them NIL; cost {outcome.cost:.4g}"
    )
    if outcome.duplicates:
        typer.echo(f"{outcome.duplicates:,} rows were there twice, and are labelled once.")
    if outcome.judged:
        share = outcome.right / outcome.judged
        typer.echo(f"Of {outcome.judged:,} rows with gold {share:.1%} are labelled right.")
    for reason, count in outcome.failed.most_common(5):
        typer.echo(f"Not labelled: {count:,} times {reason}")
    if outcome.failed:
        typer.echo(f"Wrote {failures}: {outcome.failed.total():,} rows without label")


def _batch(teacher: Teacher, examples: Path, output: Path, step: str, discount: float) -> None:
    from spacy_bel.distillation.batch import BatchFiles
    from spacy_bel.distillation.label import current_rows
    from spacy_bel.errors import Errors

    files = BatchFiles(teacher, output.with_name(f"{output.name}.batch"), discount)
    if step == "write":
        count = files.write(current_rows(examples, teacher))
        typer.echo(f"Wrote {count:,} requests to {files.folder}")
    elif step == "submit":
        typer.echo(f"Submitted: {', '.join(files.submit()) or 'nothing'}")
    elif step == "poll":
        statuses = files.poll()
        listed = ", ".join(f"{count} {status}" for status, count in statuses.items())
        over = "; collect the answers" if files.is_over(statuses) else ""
        typer.echo(f"Batches: {listed or 'none'}{over}")
    elif step == "collect":
        counts = files.collect(current_rows(examples, teacher))
        typer.echo(", ".join(f"{count:,} {what}" for what, count in counts.items()) or "nothing")
    else:
        allowed = "write, submit, poll or collect"
        raise Errors.B801(setting="batch", value=step, allowed=allowed)
