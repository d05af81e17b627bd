//! What may it touch?
