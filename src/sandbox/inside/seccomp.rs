//! What may a boxed program not ask of the kernel?
//! Keys, mounts and namespaces, modules, tracing of the kernel, and kinds of sockets that no namespace holds. What is refused says so (`EPERM`),
//! and what has an older form that can be looked into is not there (`ENOSYS`): then the older form is used.

use std::collections::BTreeMap;

use anyhow::Result;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// Refused whatever their arguments are.
const FORBIDDEN: [libc::c_long; 44] = [
    // Keyrings are not in a namespace.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Mounts and namespaces: most holes of the kernel are behind them.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Programs inside the kernel, and looks into it.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_syslog,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    // The machine itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

#[cfg(target_arch = "x86_64")]
const OF_THE_PROCESSOR: &[libc::c_long] =
    &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib, libc::SYS_ustat];
#[cfg(not(target_arch = "x86_64"))]
const OF_THE_PROCESSOR: &[libc::c_long] = &[];

/// Calls of the kernel's second table on x86-64 have this bit, and mean the same.
#[cfg(target_arch = "x86_64")]
const SECOND_TABLE: Option<i64> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const SECOND_TABLE: Option<i64> = None;

/// New namespaces of a child: mounts, cgroups, names, queues, users, processes, network.
const NAMESPACES: [u64; 7] =
    [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];

/// Sockets that stay in the box: Unix, IP, and asking the kernel for the box's own interfaces. Others (those between virtual machines,
/// for one) go past every namespace.
const SOCKETS: [i32; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Typing into the terminal that a program was started from.
const TERMINAL: [u64; 2] = [0x5412, 0x541C];

/// From now on, for this thread and all that comes of it.
pub(super) fn apply() -> Result<()> {
    apply_filter(&program(newer_forms(), libc::ENOSYS)?)?;
    apply_filter(&program(refused()?, libc::EPERM)?)?;
    Ok(())
}

type Calls = BTreeMap<i64, Vec<SeccompRule>>;

fn program(calls: Calls, errno: i32) -> Result<BpfProgram> {
    let errno = SeccompAction::Errno(errno.unsigned_abs());
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(with_second_table(calls), SeccompAction::Allow, errno, arch)?
        .try_into()?)
}

fn with_second_table(calls: Calls) -> Calls {
    let second = SECOND_TABLE.map(|bit| {
        calls.iter().map(|(call, rules)| (call | bit, rules.clone())).collect::<Calls>()
    });
    calls.into_iter().chain(second.unwrap_or_default()).collect()
}

/// Its flags are behind a pointer, where no filter can look.
fn newer_forms() -> Calls {
    Calls::from([(libc::SYS_clone3, Vec::new())])
}

fn refused() -> Result<Calls> {
    let always = FORBIDDEN.iter().chain(OF_THE_PROCESSOR).map(|call| (*call, Vec::new()));
    let mut calls: Calls = always.collect();
    let namespaces = NAMESPACES.map(|flag| has(0, SeccompCmpOp::MaskedEq(flag), flag));
    calls.insert(libc::SYS_clone, namespaces.into_iter().collect::<Result<_>>()?);
    let other = SOCKETS.map(|family| {
        let family = u64::from(family.unsigned_abs());
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
    });
    let other = SeccompRule::new(other.into_iter().collect::<Result<_, _>>()?)?;
    calls.insert(libc::SYS_socket, vec![other]);
    let typing = TERMINAL.map(|request| has(1, SeccompCmpOp::Eq, request));
    calls.insert(libc::SYS_ioctl, typing.into_iter().collect::<Result<_>>()?);
    Ok(calls)
}

fn has(argument: u8, compare: SeccompCmpOp, value: u64) -> Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}
