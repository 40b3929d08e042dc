// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Switchboard.Attestation;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// Who makes a call: the authority, and the process that the kernel named. One object a session, so that what is
/// attested is found out once, when the first connection or registration needs it.
/// </summary>
/// <param name="node">The authority.</param>
/// <param name="credentials">The process.</param>
/// <param name="session">Its session on the handle door; null: on the other door, where no more than its ids is
/// known.</param>
internal sealed class Caller(HandleNode node, Credentials credentials, ISession? session = null)
{
    private AttestedProcess? _attested;

    public HandleNode Node { get; } = node;

    public Handle Handle => Node.Handle;

    public Credentials Credentials { get; } = credentials;

    /// <summary>What the switchboard attests of the caller when it is the client of a connection.</summary>
    public LabelSet AsClient => Attested.AsClient;

    /// <summary>What the switchboard attests of the caller when it is a target.</summary>
    public LabelSet AsServer => Attested.AsServer;

    /// <summary>What it asked for last; null: nothing yet, or too much to be kept.</summary>
    public Request? LastRequest { get; set; }

    /// <summary>A descriptor, which the receiver owns, that becomes readable when the caller's process ends.</summary>
    /// <exception cref="FlowerSocketException">EMFILE …</exception>
    public Descriptor OpenProcess() =>
        session?.ProcessDescriptor?.Duplicate() ?? ProcessDescriptor.Open(Credentials.Pid);

    // Found out when it is needed: a session that was found after a crash has its pidfd with the next packet only.
    private AttestedProcess Attested => _attested ??= AttestedProcess.Of(
        Credentials, ControlGroupFile.Read(Credentials.Pid, session?.ProcessDescriptor));
}
