-- Answers under an Idempotency-Key are packed: src/store/packed-json.ts. Those of earlier releases stay plain, after the
-- byte of that format.
ALTER TABLE "IdempotencyKey" ALTER COLUMN "answer" TYPE BYTEA USING '\x00'::bytea || convert_to("answer", 'UTF8');

-- What else a row takes counts, too: key, fingerprint and indexes.
CREATE FUNCTION "answerBytes"(answer BYTEA) RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(answer) + 300
$$;

CREATE OR REPLACE FUNCTION "countAnswers"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM "addUse"("tenantId", 0, 0, -sum("answerBytes"(answer))) FROM gone GROUP BY "tenantId" ORDER BY "tenantId";
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM "addUse"("tenantId", 0, 0, sum("answerBytes"(answer))) FROM come GROUP BY "tenantId" ORDER BY "tenantId";
    END IF;
    RETURN NULL;
END
$$;

UPDATE "TenantUse" AS use SET "storedBytes" = use."storedBytes" + answers.bytes
FROM (SELECT "tenantId", 301 * count(*) AS bytes FROM "IdempotencyKey" GROUP BY "tenantId") AS answers
WHERE use."tenantId" = answers."tenantId"
    AND use.shard = (SELECT min(shard) FROM "TenantUse" AS first WHERE first."tenantId" = answers."tenantId");
