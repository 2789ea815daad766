-- The pairs of src/contract/job.ts. The condition is evaluated for each updated row, so a legal change calls no function.
CREATE FUNCTION "refuseTransition"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job % may not change from % to %', NEW.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER "checkTransition" AFTER UPDATE OF status ON "Job" FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND NOT CASE OLD.status
        WHEN 'queued' THEN NEW.status IN ('running', 'paused', 'cancelled')
        WHEN 'running' THEN NEW.status IN ('queued', 'paused', 'succeeded', 'failed', 'cancelled')
        WHEN 'paused' THEN NEW.status IN ('queued', 'cancelled')
        ELSE false
    END)
    EXECUTE FUNCTION "refuseTransition"();
