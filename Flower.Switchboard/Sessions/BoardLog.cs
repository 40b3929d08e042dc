// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions;

/// <summary>What the board logs.</summary>
internal static partial class BoardLog
{
    [LoggerMessage(101, LogLevel.Information, "{Kind} registered: {Labels} (pid {Pid} uid {Uid})")]
    internal static partial void Registered(ILogger logger, string kind, LabelSet labels, int pid, uint uid);

    [LoggerMessage(102, LogLevel.Information, "{Kind} gone: {Labels} (pid {Pid})")]
    internal static partial void Unregistered(ILogger logger, string kind, LabelSet labels, int pid);

    [LoggerMessage(103, LogLevel.Information, "{Method} of pid {Pid} uid {Uid} refused: {Code}: {Reason}")]
    internal static partial void Refused(
        ILogger logger, string method, int pid, uint uid, Grpc.Core.StatusCode code, string reason);

    [LoggerMessage(104, LogLevel.Debug, "connected pid {ClientPid} to {Labels} (pid {ServerPid})")]
    internal static partial void Connected(ILogger logger, int clientPid, LabelSet labels, int serverPid);

    [LoggerMessage(107, LogLevel.Information, "a session of pid {Pid} refused (said once a user): {Reason}")]
    internal static partial void TurnedAway(ILogger logger, int pid, string reason);

    [LoggerMessage(109, LogLevel.Warning,
        "resolver {Labels} (pid {Pid}) answers what contradicts its own handle at {Keys}: left out (said once a resolver)")]
    internal static partial void AnswerLeftOut(ILogger logger, LabelSet labels, int pid, string keys);

    [LoggerMessage(105, LogLevel.Information, "handle {Handle} revoked by pid {Pid} uid {Uid}, which ended {Handles}, {Sessions}, "
        + "{Targets} and {Connections}")]
    internal static partial void HandleRevoked(
        ILogger logger, ulong handle, int pid, uint uid, string handles, string sessions, string targets, string connections);

    [LoggerMessage(106, LogLevel.Information, "connection {Connection} revoked by pid {Pid} uid {Uid}")]
    internal static partial void ConnectionRevoked(ILogger logger, ulong connection, int pid, uint uid);

    [LoggerMessage(110, LogLevel.Information, "connections of {Labels} are tapped by pid {Pid} uid {Uid}")]
    internal static partial void TapBegun(ILogger logger, LabelSet labels, int pid, uint uid);

    [LoggerMessage(111, LogLevel.Information, "connections of {Labels} are tapped by pid {Pid} uid {Uid} no more")]
    internal static partial void TapEnded(ILogger logger, LabelSet labels, int pid, uint uid);

    [LoggerMessage(108, LogLevel.Information, "{Targets} with {Labels} updated by pid {Pid} uid {Uid} (reset: "
        + "{Reset}): {Update}")]
    internal static partial void TargetsUpdated(
        ILogger logger, string targets, LabelSet labels, int pid, uint uid, bool reset, Protocol.V1.TargetUpdate update);
}
