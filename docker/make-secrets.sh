#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, once; existing ones are kept.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# keep FILE TEXT: read by users inside the containers, who are others here; the folder keeps everyone else out.
keep() {
  [ -e "secrets/$1" ] && return
  printf '%s' "$2" >"secrets/$1"
  chmod 644 "secrets/$1"
}

keep database-password "$(random)"
keep archive-password "$(random)"
keep archive-users.json "{ \"RegisteredUsers\": { \"hub\": \"$(cat secrets/archive-password)\" } }"
echo "Secrets are in $PWD/secrets"
