"""Print what the examples need to know of a running demo, for a shell: `eval "$(python3 examples/demo_client.py var/demo/demo.json)"`.

The client is the demo's first one; the port of its loopback addresses may vary, so that an example can take its place on another.
"""

import json
import sys
from pathlib import Path

demo = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
client = next(one for one in demo["clients"] if "client_secret" in one)
issuer = next(node["url"] for node in demo["nodes"] if node["code"] == client["node"])
print(f"export ISSUER={issuer} CLIENT_ID={client['client_id']} CLIENT_SECRET={client['client_secret']}")
