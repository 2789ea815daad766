-- The registry: names of a tenant, the versions of each, aliases of versions, and the moves of aliases.
CREATE TABLE "RegisteredName" (
    "tenantId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "lastVersion" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RegisteredName_pkey" PRIMARY KEY ("tenantId", "name")
);

CREATE TABLE "ModelVersion" (
    "tenantId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "modelId" TEXT,
    "archivedAt" TIMESTAMPTZ(3),
    "keyId" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ModelVersion_pkey" PRIMARY KEY ("tenantId", "name", "version")
);
CREATE UNIQUE INDEX "ModelVersion_modelId_tenantId_name_key" ON "ModelVersion"("modelId", "tenantId", "name");
ALTER TABLE "ModelVersion" ADD CONSTRAINT "ModelVersion_tenantId_name_fkey" FOREIGN KEY ("tenantId", "name")
    REFERENCES "RegisteredName"("tenantId", "name") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "ModelVersion" ADD CONSTRAINT "ModelVersion_modelId_fkey" FOREIGN KEY ("modelId")
    REFERENCES "Model"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "Alias" (
    "tenantId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "modelId" TEXT NOT NULL,
    "moveId" BIGINT NOT NULL,
    "movedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "keyId" TEXT,

    CONSTRAINT "Alias_pkey" PRIMARY KEY ("tenantId", "name", "alias")
);
CREATE INDEX "Alias_modelId_idx" ON "Alias"("modelId");
-- The database refuses to delete a model or version behind an alias.
ALTER TABLE "Alias" ADD CONSTRAINT "Alias_tenantId_name_version_fkey" FOREIGN KEY ("tenantId", "name", "version")
    REFERENCES "ModelVersion"("tenantId", "name", "version") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Alias" ADD CONSTRAINT "Alias_modelId_fkey" FOREIGN KEY ("modelId")
    REFERENCES "Model"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "AliasMove" (
    "id" BIGSERIAL NOT NULL,
    "tenantId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "fromVersion" INTEGER,
    "toVersion" INTEGER,
    "keyId" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AliasMove_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "AliasMove_tenantId_name_alias_id_idx" ON "AliasMove"("tenantId", "name", "alias", "id");
ALTER TABLE "AliasMove" ADD CONSTRAINT "AliasMove_tenantId_name_fkey" FOREIGN KEY ("tenantId", "name")
    REFERENCES "RegisteredName"("tenantId", "name") ON DELETE CASCADE ON UPDATE CASCADE;

-- Makes a model the next version of a name, and creates the name if necessary. A model that has a version of the name keeps it.
CREATE FUNCTION "registerVersion"("ofTenant" TEXT, "asName" TEXT, "ofModel" TEXT, "byKey" TEXT,
    OUT number INTEGER, OUT "isNew" BOOLEAN) LANGUAGE plpgsql AS $$
BEGIN
    -- Locks the name, also if it exists.
    INSERT INTO "RegisteredName" AS known ("tenantId", name) VALUES ("ofTenant", "asName")
        ON CONFLICT ("tenantId", name) DO UPDATE SET "lastVersion" = known."lastVersion";
    SELECT version INTO number FROM "ModelVersion"
        WHERE "tenantId" = "ofTenant" AND name = "asName" AND "modelId" = "ofModel";
    "isNew" := number IS NULL;
    IF NOT "isNew" THEN RETURN; END IF;
    UPDATE "RegisteredName" SET "lastVersion" = "lastVersion" + 1
        WHERE "tenantId" = "ofTenant" AND name = "asName" RETURNING "lastVersion" INTO number;
    INSERT INTO "ModelVersion" ("tenantId", name, version, "modelId", "keyId")
        VALUES ("ofTenant", "asName", number, "ofModel", "byKey");
END
$$;

-- What clients note about jobs and models.
ALTER TABLE "Job" ADD COLUMN "notes" TEXT, ADD COLUMN "tags" TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "Model" ADD COLUMN "notes" TEXT, ADD COLUMN "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "metadata" JSONB NOT NULL DEFAULT '{}';

-- The tags and metadata of jobs and models, hashed, to list what has them, newest first. Triggers maintain it.
CREATE TABLE "Label" (
    "tenantId" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "itemId" TEXT NOT NULL,

    CONSTRAINT "Label_pkey" PRIMARY KEY ("tenantId", "label", "createdAt", "itemId")
);

-- A tag has an empty key. The length separates key and value.
CREATE FUNCTION "hashLabel"(kind TEXT, key TEXT, value TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT md5(kind || length(key) || ':' || key || value)
$$;

CREATE FUNCTION "labelsOf"(kind TEXT, tags TEXT[], metadata JSONB) RETURNS SETOF TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT "hashLabel"(kind, '', tag) FROM unnest(tags) AS tag
    UNION SELECT "hashLabel"(kind, key, value) FROM jsonb_each_text(metadata)
$$;

CREATE FUNCTION "writeLabels"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM "Label" WHERE "tenantId" = OLD."tenantId" AND "createdAt" = OLD."createdAt" AND "itemId" = OLD.id
            AND label = ANY(ARRAY(SELECT "labelsOf"(TG_ARGV[0], OLD.tags, OLD.metadata)));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO "Label" ("tenantId", label, "createdAt", "itemId")
            SELECT NEW."tenantId", label, NEW."createdAt", NEW.id FROM "labelsOf"(TG_ARGV[0], NEW.tags, NEW.metadata) AS label;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER "labelInserted" AFTER INSERT ON "Job" FOR EACH ROW
    WHEN (NEW.tags <> '{}' OR NEW.metadata <> '{}') EXECUTE FUNCTION "writeLabels"('job');
CREATE TRIGGER "labelUpdated" AFTER UPDATE OF tags, metadata ON "Job" FOR EACH ROW EXECUTE FUNCTION "writeLabels"('job');
CREATE TRIGGER "labelDeleted" AFTER DELETE ON "Job" FOR EACH ROW
    WHEN (OLD.tags <> '{}' OR OLD.metadata <> '{}') EXECUTE FUNCTION "writeLabels"('job');
CREATE TRIGGER "labelInserted" AFTER INSERT ON "Model" FOR EACH ROW
    WHEN (NEW.tags <> '{}' OR NEW.metadata <> '{}') EXECUTE FUNCTION "writeLabels"('model');
CREATE TRIGGER "labelUpdated" AFTER UPDATE OF tags, metadata ON "Model" FOR EACH ROW EXECUTE FUNCTION "writeLabels"('model');
CREATE TRIGGER "labelDeleted" AFTER DELETE ON "Model" FOR EACH ROW
    WHEN (OLD.tags <> '{}' OR OLD.metadata <> '{}') EXECUTE FUNCTION "writeLabels"('model');

INSERT INTO "Label" ("tenantId", label, "createdAt", "itemId")
    SELECT "tenantId", label, "createdAt", id FROM "Job" CROSS JOIN LATERAL "labelsOf"('job', tags, metadata) AS label
    WHERE metadata <> '{}';

-- A retraining: the model that the new one is compared with, and the name whose version the new one becomes.
ALTER TABLE "Job" ADD COLUMN "retrainOf" TEXT, ADD COLUMN "registerAs" TEXT, ADD COLUMN "registerKeyId" TEXT;

-- In the statement that stores the models of jobs, so that no version is lost. Names are locked in their order.
CREATE FUNCTION "registerTrained"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM "registerVersion"(chosen."tenantId", chosen.name, chosen.id, chosen."keyId") FROM (
        SELECT come.id, "Job"."tenantId", "Job"."registerAs" AS name, "Job"."registerKeyId" AS "keyId"
        FROM come JOIN "Job" ON "Job".id = come."jobId" WHERE "Job"."registerAs" IS NOT NULL
        ORDER BY "Job"."tenantId", "Job"."registerAs", come.id OFFSET 0
    ) AS chosen;
    RETURN NULL;
END
$$;
CREATE TRIGGER "registerInserted" AFTER INSERT ON "Model" REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION "registerTrained"();
