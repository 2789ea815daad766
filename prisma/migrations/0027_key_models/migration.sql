-- The models that a key may predict; empty for all. Only keys that can do nothing else may have such a list.
ALTER TABLE "Key" ADD COLUMN "models" TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "Key" ADD CONSTRAINT "Key_models_check"
    CHECK (cardinality("models") = 0 OR "scopes" = ARRAY['models:predict']);
