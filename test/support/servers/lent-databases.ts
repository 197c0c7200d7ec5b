import type { Pool } from 'pg'
import { administer, databaseUrl, onePool, ownName } from './test-servers.ts'

/** A database that several tests use in turn. At the start of each test it has the content of the template. */
export interface LentDatabase {
  url: string
  /** Lets another test use the database. */
  giveBack(): Promise<void>
}

// This SQL adds to the template a copy of all rows, and a function that restores the rows.
const KEEP = `
CREATE SCHEMA pristine;

DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE pristine.%1$I AS TABLE public.%1$I', name);
  END LOOP;
END $$;

CREATE VIEW pristine.columns AS
  SELECT relname, attname, atttypid FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
  WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped;
CREATE TABLE pristine._columns AS TABLE pristine.columns;
CREATE TABLE pristine._numbers AS
  SELECT sequencename::text AS name, start_value, last_value FROM pg_sequences WHERE schemaname = 'public';

-- Returns false when a test changed tables or columns. The database is then removed.
CREATE FUNCTION pristine.restore() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  name text;
  differs boolean;
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
  IF EXISTS (TABLE pristine.columns EXCEPT TABLE pristine._columns) OR EXISTS (TABLE pristine._columns EXCEPT TABLE pristine.columns)
  THEN
    RETURN false;
  END IF;
  -- Turns off the checks of foreign keys, so that the order of the tables does not matter.
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (TABLE public.%1$I EXCEPT ALL TABLE pristine.%1$I) OR
      (SELECT count(*) FROM public.%1$I) <> (SELECT count(*) FROM pristine.%1$I)', name) INTO differs;
    IF differs THEN
      EXECUTE format('DELETE FROM public.%I', name);
      EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE TABLE pristine.%1$I', name);
    END IF;
  END LOOP;
  PERFORM setval(format('public.%I', n.name), coalesce(n.last_value, n.start_value), n.last_value IS NOT NULL) FROM pristine._numbers n;
  RETURN true;
END $$;
`

/** Prepares this template, so that each copy of it can be restored to the template's current content. */
export async function keepPristine(database: string): Promise<void> {
  const pool = await onePool(databaseUrl(database))
  await pool.query(KEEP)
  await pool.end()
}

interface Copy {
  name: string
  pool: Pool
}

const free = new Map<string, Copy[]>()

/** Takes a free copy of the template, or makes a copy. Making a copy takes much longer than restoring it. */
export async function lendDatabase(template: string): Promise<LentDatabase> {
  const others = free.get(template) ?? []
  free.set(template, others)
  const copy = others.pop() ?? (await copyOf(template))
  return {
    url: databaseUrl(copy.name),
    async giveBack() {
      // Not every user of PostgreSQL may run `restore`. Without this right, the database is dropped.
      const restored = await copy.pool.query('SELECT pristine.restore() AS is_as_before').catch(() => undefined)
      if (restored?.rows[0].is_as_before) others.push(copy)
      else await remove(copy)
    },
  }
}

export async function removeLentDatabases(): Promise<void> {
  for (const copies of free.values()) for (const copy of copies.splice(0)) await remove(copy)
}

async function copyOf(template: string): Promise<Copy> {
  const name = ownName()
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  return { name, pool: await onePool(databaseUrl(name)) }
}

async function remove({ name, pool }: Copy): Promise<void> {
  await pool.end()
  await administer(`DROP DATABASE ${name} WITH (FORCE)`)
}
