"""The provider API of OpenFaaS, as far as faas-cli and a gateway in front of it ask."""
