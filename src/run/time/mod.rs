//! Time zones and working hours: which clock do people live by?
//! The time of now is always a parameter: nothing here reads a clock.

mod hours;
mod zone;

pub use hours::Hours;
pub use zone::Zone;
