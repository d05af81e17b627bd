//! Time zones and working hours: which clock do people live by?
//! Time zones and working hours; what time it is, somebody else says.

mod hours;
mod zone;

pub use hours::Hours;
pub use zone::Zone;
