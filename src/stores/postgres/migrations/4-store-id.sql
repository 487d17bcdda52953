-- The store's own id: by it runs of its queues are told from those of other stores on one machine. It goes wherever the tables go.

CREATE TABLE launch.store (id uuid NOT NULL, only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one));
INSERT INTO launch.store (id) VALUES (gen_random_uuid());
