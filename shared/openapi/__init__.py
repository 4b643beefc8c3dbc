"""OpenAPI documents (https://spec.openapis.org/oas/v3.1.1) and the page that shows them."""
