"""Commands of the scorer: train, promote, rollback, shadow, score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.output import Json, answer, fail, home_of, moment, now_ms, progress


def register(app: typer.Typer) -> None:
    for command in (train, promote, rollback, shadow, score, explain):
        app.command()(command)


def train(
    context: typer.Context,
    cut: Annotated[
        str | None, typer.Option(help="labels known after this are not seen; default: all there are")
    ] = None,
    cadence_days: Annotated[
        int, typer.Option(min=1, max=3650, help="days between the snapshots that training rows read")
    ] = 7,
    seed: Annotated[int, typer.Option(min=0, max=999_999_999, help="of splits and trees")] = 0,
    promote: Annotated[bool, typer.Option(help="serve the new model at once")] = True,
    gnn: Annotated[
        bool | None, typer.Option("--gnn/--no-gnn", help="with the GraphSAGE logit; default: where torch is installed")
    ] = None,
    tune: Annotated[int, typer.Option(min=0, max=1000, help="trials of tuning the trees with optuna")] = 0,
    as_json: Json = False,
) -> None:
    """Train the scorer on applications with known outcomes; print what each block of features adds, write a report."""
    from jobs.training import TrainingOptions, run_training

    home = home_of(context)
    options = TrainingOptions(
        cut_ms=_given(cut),
        cadence_ms=cadence_days * 86_400_000,
        seed=seed,
        promote=promote,
        gnn=gnn,
        tune=tune,
        now_ms=now_ms(),
    )
    done = run_training(home.landing, home.models, options, progress, snapshots=home.snapshots)
    answer(done.to_json(), as_json, done.lines())


def promote(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help="a version that train printed")],
    shadow: Annotated[
        bool, typer.Option("--shadow", help="score beside the champion, on record, without deciding anything")
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve this version of the model from now on, or put it into the champion's shadow."""
    from jobs.promotion import promote_model, promote_to_shadow

    run = promote_to_shadow if shadow else promote_model
    run(home_of(context), version)
    role = "shadow" if shadow else "serving"
    answer({role: version}, as_json, [f"in the shadow: {version}" if shadow else f"serving {version}"])


def rollback(context: typer.Context, as_json: Json = False) -> None:
    """Serve the version that was served before."""
    from jobs.promotion import roll_back

    version = roll_back(home_of(context))
    answer({"serving": version}, as_json, [f"serving {version}"])


def shadow(
    context: typer.Context,
    version: Annotated[str | None, typer.Option(help="a challenger on record; default: the one in the shadow")] = None,
    end: Annotated[bool, typer.Option("--end", help="take the challenger out of the shadow")] = False,
    as_json: Json = False,
) -> None:
    """Compare the challenger in the shadow with the champion on every decision that both scored."""
    from jobs.promotion import leave_shadow
    from jobs.shadow import compare_shadow

    home = home_of(context)
    if end:
        gone = leave_shadow(home)
        answer({"ended": gone}, as_json, [f"no longer in the shadow: {gone}"])
        return
    found = compare_shadow(home, version)
    answer(found.to_json(), as_json, found.lines())


def score(
    context: typer.Context,
    merchant: Annotated[str, typer.Argument(help="id of the merchant")],
    application: Annotated[str, typer.Option(help="id of the application: decided once, a retry gets the same")],
    amount: Annotated[int, typer.Option(min=1, help="asked for, in minor units")],
    currency: Annotated[str, typer.Option(help="ISO 4217")] = "CNY",
    as_of: Annotated[str | None, typer.Option(help="when the answer is to hold; default: now")] = None,
    as_json: Json = False,
) -> None:
    """Score one application, with reasons; the decision is on record."""
    from pydantic import ValidationError

    from api.errors import fields_of
    from api.forms import ScoreBody
    from jobs.decide import ScoreRequest, iso
    from jobs.score import score_application

    at = _given(as_of)
    asked = {"application_id": application, "merchant_id": merchant, "amount": amount, "currency": currency}
    try:  # what the service would refuse is not put on record here either
        ScoreBody.model_validate({**asked, "as_of": iso(at)})
    except ValidationError as error:
        wrong = fields_of(dict(e) for e in error.errors(include_input=False, include_url=False))
        fail("invalid_request", ", ".join(f"{w.field}: {w.code}" for w in wrong), "see docs/api.md")
    done = score_application(home_of(context), ScoreRequest(application, merchant, amount, currency, at), now_ms)
    answer(done, as_json, scored_lines(done))


def explain(
    context: typer.Context,
    decision_id: Annotated[str, typer.Argument(help="of a decision on record")],
    as_json: Json = False,
) -> None:
    """For staff: what moved a decision's score, by concept, with numbers and the questions that show the evidence."""
    from jobs.explain import explain_decision

    done = explain_decision(home_of(context), decision_id)
    answer(done.to_json(), as_json, done.lines())


def _given(time: str | None) -> int:
    """A time of the command line, or now."""
    at = moment(time)
    return now_ms() if at is None else at


def scored_lines(scored: Mapping[str, Any]) -> list[str]:
    """A score with its reasons, for people."""
    lacking = f"  (degraded: {', '.join(scored['degraded_parts'])})" if scored["degraded"] else ""
    return [
        f"Merchant {scored['merchant_id']}: score {scored['score']:.3f}, risk {scored['risk_level']}{lacking}",
        *(
            line
            for r in scored["reasons"]
            for line in (f"  +{r['contribution']:.2f}  {r['text_en']}", f"         {r['text_zh']}")
        ),
        *(f"  evidence of {q['code']}: question {q['name']}" for q in scored["evidence"].get("questions", ())),
    ]
