"""The one room that leaves the process: kubeconfig, credentials, HTTPS, discovery, snapshots.

Sends GET and LIST, and PATCH and POST with `dryRun=All`; nothing else, and only to the cluster asked for.
"""
