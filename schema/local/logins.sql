DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hookstream_:kind') THEN CREATE ROLE hookstream_:kind; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ':kind') THEN CREATE ROLE :kind; END IF; END $$;
ALTER ROLE :kind LOGIN PASSWORD ':password';
GRANT hookstream_:kind TO :kind;
