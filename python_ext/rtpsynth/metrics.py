"""What servers, relays and streams count, in the text format of Prometheus."""

from ._rtpsynth import MetricsPage

__all__ = ["CONTENT_TYPE", "MetricsPage"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The Content-Type with which an HTTP server answers."""
