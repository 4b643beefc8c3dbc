"""The JetStream-to-function connector: pulls packed messages and invokes collectors with them."""
