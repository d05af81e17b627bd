//! Where do they knock?
