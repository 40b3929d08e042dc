// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Client;

/// <summary>The one place where failures of the transport become those of this library.</summary>
internal static class Failures
{
    private const string DetailTrailer = "flower-error-bin";

    /// <summary>The switchboard could not be reached.</summary>
    public static FlowerException FromOpen(FlowerSocketException e, SwitchboardAddress address)
    {
        string where = address.Path ?? address.ToString();
        return e.Name switch
        {
            "ECONNREFUSED" when address.Path is not null && FileKind.UnlessSocket(address.Path) is { } what => new(
                StatusCode.Unavailable,
                $"{where} is {what}, and no socket: give --switchboard, or start one with: flower switchboard --listen PATH", e),
            "ENOENT" or "ECONNREFUSED" or "ENOTDIR" => new(
                StatusCode.Unavailable, $"no switchboard at {where}: start one with: flower switchboard{OrTheSystems(address)}", e),
            "EACCES" or "EPERM" => new(
                StatusCode.PermissionDenied, $"no permission to open {where}: ask its owner, or give --switchboard", e),
            "EBADF" => new(StatusCode.Unavailable, $"no switchboard at {where}: the descriptor is not open", e),
            "ENOTSOCK" or "EPROTOTYPE" or "ENOTCONN" => new(
                StatusCode.Unavailable, $"{where} is not a switchboard's socket", e),
            "EPIPE" or "ECONNRESET" => new(StatusCode.Unavailable, $"the switchboard at {where} has gone", e),
            "EMFILE" or "ENFILE" => new(
                StatusCode.ResourceExhausted, $"no descriptor left to open {where}: raise ulimit -n", e),
            _ => new(StatusCode.Unavailable, $"cannot open {where}: {e.Name}", e),
        };
    }

    // Whoever has installed a package and asks as an ordinary user looks for his own, and there is the machine's.
    private static string OrTheSystems(SwitchboardAddress address) =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable(SwitchboardAddress.Variable))
            && address == SwitchboardAddress.Default && address.Path != SwitchboardAddress.SystemPath
            && File.Exists(SwitchboardAddress.SystemPath)
            ? $"; or use the system's: export {SwitchboardAddress.Variable}=unix:{SwitchboardAddress.SystemPath}"
            : "";

    /// <summary>A descriptor could not be made or duplicated on this side.</summary>
    public static FlowerException FromSocket(FlowerSocketException e) =>
        e.Name is "EMFILE" or "ENFILE"
            ? new(StatusCode.ResourceExhausted, "no descriptor left: raise ulimit -n", e)
            : new(StatusCode.Unavailable, $"the socket failed: {e.Name}", e);

    /// <summary>A call failed. If it was the caller who gave it up, the exception says that instead.</summary>
    public static Exception FromCall(Exception e, CancellationToken cancellationToken) => e switch
    {
        RpcException { StatusCode: StatusCode.Cancelled } when cancellationToken.IsCancellationRequested =>
            new OperationCanceledException(e.Message, e, cancellationToken),
        RpcException { Status.DebugException: SessionLossException loss } => FromLoss(loss, e),
        RpcException rpc => FromStatus(rpc),
        FlowerSocketException socket => FromSocket(socket),
        ObjectDisposedException => Closed(e),
        _ => e,
    };

    /// <summary>
    /// The session's end behind a failure; null: it is the switchboard's answer, or this side's own failure.
    /// </summary>
    public static SessionLossException? LossOf(Exception? e) => e switch
    {
        RpcException rpc => rpc.Status.DebugException as SessionLossException,
        FlowerException flower => LossOf(flower.InnerException),
        _ => null,
    };

    /// <summary>
    /// Whether the same may be tried again on a session that goes on, or on another one: nobody has answered it.
    /// </summary>
    public static bool MayTryAgain(Exception? e) => LossOf(e)?.Kind is SessionLoss.Restarted or SessionLoss.Gone;

    /// <summary>The session has ended, or the switchboard was restarted.</summary>
    public static FlowerException FromLoss(SessionLossException loss, Exception? cause = null) => loss.Kind switch
    {
        SessionLoss.Disposed => Closed(cause),
        SessionLoss.Refused or SessionLoss.Broken => new(loss.StatusCode, loss.Message, cause),
        _ => Gone(loss.Message, cause),
    };

    /// <summary>The switchboard has gone, as the message says.</summary>
    public static FlowerException Gone(string message, Exception? cause) =>
        new(StatusCode.Unavailable, message, cause);

    /// <summary>The user has closed the handle.</summary>
    public static FlowerException Closed(Exception? cause) => Gone("the handle was closed", cause);

    /// <summary>A deadline passed before there was a switchboard again.</summary>
    public static FlowerException StillAway(Exception cause) => new(
        StatusCode.DeadlineExceeded, "the switchboard has gone, and did not come back in time", cause);

    /// <summary>The user's observer let an exception through.</summary>
    public static FlowerException ObserverFailed(Exception cause) =>
        new(StatusCode.Internal, $"the observer of the handle failed: {cause.Message}", cause);

    /// <summary>A socket was pushed, and nobody knows whether it arrived.</summary>
    public static FlowerException PushLost(Exception cause) => Gone(
        "the switchboard went away while it handed the socket over: it is not pushed again, since a server may have it "
        + "already", cause);

    /// <summary>Something was to be revoked, and nobody knows whether it was.</summary>
    public static FlowerException RevokeLost(Exception cause) => Gone(
        "the switchboard went away while it revoked: look whether it is still there (flower handles), since its number may "
        + "be another one's now", cause);

    /// <summary>A part of a list was told.</summary>
    public static FlowerException ListLost(Exception cause) =>
        Gone("the switchboard went away while it listed: the list is not complete, ask again", cause);

    /// <summary>Whether <see cref="FromCall"/> knows better words for it.</summary>
    public static bool Known(Exception e) => e is RpcException or FlowerSocketException or ObjectDisposedException;

    /// <summary>The answer lacks something that the contract promises.</summary>
    public static FlowerException Broken(string what) =>
        new(StatusCode.Internal, $"the switchboard's answer has no {what}: it speaks another version, or is not one");

    /// <summary>A socket came, and this process had no descriptor left for it.</summary>
    public static FlowerException Lost() =>
        new(StatusCode.ResourceExhausted, "no descriptor left to take the socket: raise ulimit -n");

    /// <summary>The other side of an offer has gone.</summary>
    public static FlowerException Withdrawn() => new(StatusCode.Cancelled, "the client has gone before it was answered");

    /// <summary>The offers of a stream are void that has survived a restart.</summary>
    public static FlowerException Restarted() => Gone("the switchboard was restarted: the client will ask again", null);

    /// <summary>The stream on which something was registered has ended.</summary>
    public static FlowerException Ended(Exception? why) => why as FlowerException
        ?? new FlowerException(StatusCode.Unavailable, "the registration has ended", why);

    private static FlowerException FromStatus(RpcException e)
    {
        ErrorDetail detail = Detail(e.Trailers);
        return new(e.StatusCode, Words(e, detail), e) { Keys = [.. detail.Keys], Rights = [.. detail.Rights] };
    }

    private static string Words(RpcException e, ErrorDetail detail)
    {
        if (e.Status.Detail is { Length: > 0 } text)
        {
            return text;
        }

        string keys = detail.Keys.Count == 0 ? "" : ": " + string.Join(", ", detail.Keys);
        return e.StatusCode switch
        {
            StatusCode.Unavailable => "the switchboard has gone, or the other side has" + keys,
            StatusCode.PermissionDenied => "the handle does not allow it" + keys,
            StatusCode.NotFound => "nothing on the board matches" + keys,
            StatusCode.FailedPrecondition => "the labels are ambiguous" + keys,
            StatusCode.DeadlineExceeded => "it took too long",
            StatusCode.Unimplemented => "the switchboard does not know this call: it is of another version",
            _ => $"the switchboard answered {e.StatusCode}{keys}",
        };
    }

    private static ErrorDetail Detail(Grpc.Core.Metadata trailers)
    {
        foreach (Grpc.Core.Metadata.Entry entry in trailers)
        {
            if (entry.IsBinary && entry.Key == DetailTrailer)
            {
                try
                {
                    return ErrorDetail.Parser.ParseFrom(entry.ValueBytes);
                }
                catch (InvalidProtocolBufferException)
                {
                    // The status itself is still worth telling.
                    return new ErrorDetail();
                }
            }
        }

        return new ErrorDetail();
    }
}
