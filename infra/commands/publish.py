"""`hookstream publish`: make events, send them, prove that they were counted."""

from pathlib import Path

import typer

from infra.publisher import options


def publish(  # noqa: PLR0913 - each is an option of the command line
    *,
    number: options.Number = 10_000,
    profile: options.Profile = "realistic",
    batch: options.Batch = None,
    duplicates: options.Duplicates = 0.0,
    disorder: options.Disorder = 0.0,
    invalid: options.Invalid = None,
    facebook_share: options.FacebookShare = 0.5,
    window: options.Window = None,
    seed: options.Seed = None,
    at: options.At = None,
    url: options.Url = None,
    path: options.Path_ = "/function/webhook-ingest",
    state_dir: options.StateDirectory = Path(".hookstream"),
    form: options.Form = "array",
    encoding: options.Encoding = "none",
    headers: options.Headers = None,
    concurrency: options.Concurrency = 4,
    rate: options.Rate = 0.0,
    interval: options.Interval = "0",
    timeout: options.Timeout = "60s",
    retry_for: options.RetryFor = "60s",
    prove: options.Prove = None,
    deadline: options.Deadline = "60s",
    allow_unknown: options.AllowUnknown = False,
    json: options.Json = False,
) -> None:
    """Send events; prove from the reports that each was counted once, to the cent.

    The publisher keeps a ledger of its own: what it made, what the answers
    accepted and refused. Requests that fail for the moment (429, 5xx, no
    connection) are sent again, byte for byte. Ctrl-C stops after the requests in
    flight; a second one at once.

    Exit code: 0 all accepted and proved, 1 not so, 2 a wrong option, 130 interrupted.

    \b
    Examples:
      10,000 realistic events, as fast as possible, proved:
        hookstream publish
      repetitions, late events and corrupted ones among them:
        hookstream publish -n 100000 --duplicates .05 --disorder .1 --invalid .01
      a steady trickle until Ctrl-C:
        hookstream publish -n 0 --rate 500
      what the public image sends, a POST of 1,000 to 50,000 events every second:
        hookstream publish --profile andriiuni -n 500000 --interval 1s
      one event per request, 32 at once:
        hookstream publish -n 1000 --form single -c 32
      the same bytes each time, compressed:
        hookstream publish --seed 7 --at 2026-11-01T12:00:00Z --encoding zstd
      somewhere else:
        hookstream publish --url https://gateway.example -H 'Authorization: …'
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.publisher.invocation import (  # noqa: PLC0415 - other commands start without
        Invocation,
        carry_out,
    )

    invocation = Invocation(
        number=number,
        profile=profile,
        batch=batch,
        duplicates=duplicates,
        disorder=disorder,
        invalid=invalid,
        facebook_share=facebook_share,
        window=window,
        seed=seed,
        at=at,
        url=url,
        path=path,
        state_dir=state_dir,
        form=form,
        encoding=encoding,
        headers=headers,
        concurrency=concurrency,
        rate=rate,
        interval=interval,
        timeout=timeout,
        retry_for=retry_for,
        prove=prove,
        deadline=deadline,
        allow_unknown=allow_unknown,
    )
    raise typer.Exit(carry_out(invocation.job(), json=json))
