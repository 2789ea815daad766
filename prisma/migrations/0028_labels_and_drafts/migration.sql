-- Names, notes, tags and metadata of jobs and models count, with 100 bytes for the row of each tag and pair.
ALTER TABLE "Job" ADD COLUMN "labelBytes" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "Model" ADD COLUMN "labelBytes" INTEGER NOT NULL DEFAULT 0;

CREATE FUNCTION "sizeOfLabels"(name TEXT, notes TEXT, tags TEXT[], metadata JSONB) RETURNS INTEGER
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length(name), 0) + coalesce(octet_length(notes), 0)
        + (SELECT coalesce(sum(octet_length(tag) + 100), 0) FROM unnest(tags) AS tag)::int
        + (SELECT coalesce(sum(octet_length(key) + octet_length(value) + 100), 0) FROM jsonb_each_text(metadata))::int
$$;

-- Only statements that write labels call this, so progress and claims add up columns.
CREATE FUNCTION "measureLabels"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW."labelBytes" := "sizeOfLabels"(NEW.name, NEW.notes, NEW.tags, NEW.metadata);
    RETURN NEW;
END
$$;
CREATE TRIGGER "measureInserted" BEFORE INSERT ON "Job" FOR EACH ROW
    WHEN (NEW.name IS NOT NULL OR NEW.notes IS NOT NULL OR NEW.tags <> '{}' OR NEW.metadata <> '{}')
    EXECUTE FUNCTION "measureLabels"();
CREATE TRIGGER "measureUpdated" BEFORE UPDATE OF name, notes, tags, metadata ON "Job" FOR EACH ROW
    EXECUTE FUNCTION "measureLabels"();
CREATE TRIGGER "measureInserted" BEFORE INSERT ON "Model" FOR EACH ROW
    WHEN (NEW.name IS NOT NULL OR NEW.notes IS NOT NULL OR NEW.tags <> '{}' OR NEW.metadata <> '{}')
    EXECUTE FUNCTION "measureLabels"();
CREATE TRIGGER "measureUpdated" BEFORE UPDATE OF name, notes, tags, metadata ON "Model" FOR EACH ROW
    EXECUTE FUNCTION "measureLabels"();

DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('"countJobs"'::regproc), '+ "runBytes"', '+ "runBytes" + "labelBytes"');
    EXECUTE replace(pg_get_functiondef('"countModels"'::regproc), '"weightBytes"::float8', '("weightBytes"::float8 + "labelBytes")');
END $$;

-- A draft of a checkpoint counts as a whole from its beginning, in the row of its job, until the checkpoint counts. Weights
-- of an unfinished job count already.
ALTER TABLE "Draft" ADD COLUMN "bytes" DOUBLE PRECISION NOT NULL DEFAULT 0;
CREATE FUNCTION "countDrafts"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM "addRunBytes"("jobId", sum(bytes)) FROM come GROUP BY "jobId" ORDER BY "jobId";
    ELSE
        PERFORM "addRunBytes"("jobId", -sum(bytes)) FROM gone GROUP BY "jobId" ORDER BY "jobId";
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER "countInserted" AFTER INSERT ON "Draft" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "countDrafts"();
CREATE TRIGGER "countDeleted" AFTER DELETE ON "Draft" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "countDrafts"();

-- What is there already. The triggers add it.
UPDATE "Job" SET name = name
WHERE name IS NOT NULL OR notes IS NOT NULL OR tags <> '{}' OR metadata <> '{}';
UPDATE "Model" SET name = name
WHERE name IS NOT NULL OR notes IS NOT NULL OR tags <> '{}' OR metadata <> '{}';
