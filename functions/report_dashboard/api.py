"""What the dashboard's function declares of itself."""

from functions.report_dashboard.pipeline import PipelineStanding
from shared.openapi.operations import Answered, Api, Operation


def describe() -> Api:
    """Return what the function serves; the page's files are its own affair."""
    return Api(
        name="report-dashboard",
        description="A page that shows the reports, and how the pipeline stands.",
        place="/function/report-dashboard",
        operations=(_page(), _pipeline()),
        models=(PipelineStanding,),
    )


def _page() -> Operation:
    text = {"type": "string", "contentMediaType": "text/html"}
    return Operation(
        method="get",
        path="/",
        name="showDashboard",
        summary="The dashboard's page",
        answers=(Answered(status=200, description="The page.", content={"text/html": text}),),
    )


def _pipeline() -> Operation:
    return Operation(
        method="get",
        path="/pipeline",
        name="showPipeline",
        summary="What is processed, pending and given up, by source, and how fresh reports are",
        answers=(
            Answered(
                status=200,
                description="As the connector last said.",
                content={"application/json": PipelineStanding},
            ),
        ),
        problems=("database_unavailable", "query_timeout"),
        scope="ops",
    )
