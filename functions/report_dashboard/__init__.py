"""Serves the dashboard, a page that shows the reports."""
