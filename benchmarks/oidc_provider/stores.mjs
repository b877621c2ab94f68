// Where oidc-provider keeps what it must remember: in memory without a bound, in SQLite, in PostgreSQL. The two databases promise what ours
// promise: WAL with synchronous=FULL, and a commit that has reached the disk. Each statement is prepared once.

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const now = () => Math.floor(Date.now() / 1000);

function entry(model, id, payload, expiresIn) {
  return [model, id, JSON.stringify(payload), expiresIn ? now() + expiresIn : null, payload.uid ?? null, payload.grantId ?? null];
}

function read(row) {
  if (!row || (row.expires_at !== null && Number(row.expires_at) <= now())) return undefined;
  const payload = JSON.parse(row.payload);
  return row.consumed_at === null ? payload : { ...payload, consumed: Number(row.consumed_at) };
}

const TABLE = `
CREATE TABLE IF NOT EXISTS entries (model text NOT NULL, id text NOT NULL, payload text NOT NULL, expires_at bigint, uid text,
  grant_id text, consumed_at bigint, PRIMARY KEY (model, id));
CREATE INDEX IF NOT EXISTS entries_uid ON entries (uid);
CREATE INDEX IF NOT EXISTS entries_grant ON entries (grant_id);
`;
const COLUMNS = 'payload, expires_at, consumed_at';
const UPSERT = `INSERT INTO entries (model, id, payload, expires_at, uid, grant_id) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at, uid = excluded.uid,
  grant_id = excluded.grant_id`;
const STATEMENTS = {
  upsert: UPSERT,
  find: `SELECT ${COLUMNS} FROM entries WHERE model = $1 AND id = $2`,
  findByUid: `SELECT ${COLUMNS} FROM entries WHERE model = $1 AND uid = $2`,
  consume: 'UPDATE entries SET consumed_at = $3 WHERE model = $1 AND id = $2',
  destroy: 'DELETE FROM entries WHERE model = $1 AND id = $2',
  revokeByGrantId: 'DELETE FROM entries WHERE grant_id = $1',
};

function adapterOver(execute) {
  return class {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload, expiresIn) {
      await execute('upsert', entry(this.model, id, payload, expiresIn));
    }
    async find(id) {
      return read(await execute('find', [this.model, id]));
    }
    async findByUid(uid) {
      return read(await execute('findByUid', [this.model, uid]));
    }
    async findByUserCode() {}
    async consume(id) {
      await execute('consume', [this.model, id, now()]);
    }
    async destroy(id) {
      await execute('destroy', [this.model, id]);
    }
    async revokeByGrantId(grantId) {
      await execute('revokeByGrantId', [grantId]);
    }
  };
}

function memory() {
  const kept = new Map();
  const uids = new Map();
  const grants = new Map();
  return class {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload, expiresIn) {
      const key = `${this.model}:${id}`;
      kept.set(key, { payload, expires: expiresIn ? now() + expiresIn : Infinity });
      if (payload.uid) uids.set(`${this.model}:${payload.uid}`, id);
      if (payload.grantId) grants.set(payload.grantId, [...(grants.get(payload.grantId) ?? []), key]);
    }
    async find(id) {
      const found = kept.get(`${this.model}:${id}`);
      return found && found.expires > now() ? found.payload : undefined;
    }
    async findByUid(uid) {
      return this.find(uids.get(`${this.model}:${uid}`));
    }
    async findByUserCode() {}
    async consume(id) {
      kept.get(`${this.model}:${id}`).payload.consumed = now();
    }
    async destroy(id) {
      kept.delete(`${this.model}:${id}`);
    }
    async revokeByGrantId(grantId) {
      for (const key of grants.get(grantId) ?? []) kept.delete(key);
      grants.delete(grantId);
    }
  };
}

function sqlite(file) {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ${TABLE}`);
  const prepared = Object.fromEntries(
    Object.entries(STATEMENTS).map(([name, text]) => [name, database.prepare(text.replaceAll(/\$\d/g, '?'))]),
  );
  // In the order of the placeholders in the text: only this one has its values in another.
  return adapterOver(async (name, values) => {
    const [model, id, at] = values;
    if (name === 'consume') return prepared.consume.run(at, model, id);
    return name.startsWith('find') ? prepared[name].get(...values) : prepared[name].run(...values);
  });
}

async function postgresql(url) {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  await pool.query(TABLE);
  return adapterOver(async (name, values) => (await pool.query({ name, text: STATEMENTS[name], values })).rows[0]);
}

export async function store({ kind, place }) {
  return { memory, sqlite, postgresql }[kind](place);
}
