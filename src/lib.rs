//! Signoff runs coding agents through staged pipelines, from Slack; where it matters, a person signs off.
//!
//! A room may use only rooms above it in this list (`tests/rooms.rs` holds that). Each answers one question.

/// What is a run?
pub mod run;

/// What may it touch?
pub mod sandbox;
/// What do we remember?
pub mod store;

/// Who writes the code?
pub mod agent;
/// Does it work?
pub mod checks;
/// What does a run spend on models, and may it spend more?
pub mod meter;
/// How does Slack speak?
pub mod slack;
/// Where is the code?
pub mod workspace;

/// What happens next?
pub mod engine;
/// What do people see?
pub mod thread;

/// Does Slack show it?
pub mod publisher;

/// What can people say?
pub mod commands;

/// What do people ask of us in Slack, and what do they get?
pub mod chat;

/// How do I try it?
pub mod local;
/// Where do they knock?
pub mod web;

/// How do the rooms become a program?
pub mod app;

/// What was configured?
pub mod config;
/// How are files put, locked and removed?
pub mod files;
/// What do machines watch?
pub mod metrics;
/// What do operators read?
pub mod telemetry;
