printf 'user = "%s:%s"\n' {{ client.client_id }} "$CLIENT_SECRET" |
  curl -sS --config - --data grant_type=client_credentials {{ node.url }}/oauth/token
