"""Dashboards and alerts of other programs, made of the questions: OpenObserve's and Grafana's, as JSON objects.

Contract: values in, values out; nothing is sent or written here.
"""
