// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Client;

/// <summary>
/// Where the sessions of a handle come from: the path of a switchboard, a descriptor that was inherited, or one that was
/// taken over and is used up by the first session. Owns its own copy of an inherited descriptor, whose number the process
/// may use for something else later. For any thread.
/// </summary>
internal sealed class SessionSource : IDisposable
{
    private readonly SwitchboardAddress? _address;
    private readonly Descriptor? _inherited;
    private readonly EventLoop _loop;

    private SessionSource(SwitchboardAddress? address, Descriptor? inherited, EventLoop loop)
    {
        _address = address;
        _inherited = inherited;
        _loop = loop;
    }

    /// <summary>Whether another session can be had.</summary>
    public bool IsLasting => _address is not null;

    /// <summary>The first session.</summary>
    /// <exception cref="FlowerException">There is no switchboard, or no permission to open it.</exception>
    public static (SessionSource Source, Session Session) Open(SwitchboardAddress address)
    {
        Descriptor? inherited = null;
        try
        {
            if (address.Path is { } path)
            {
                var connected = SessionChannel.ConnectPath(path);
                return (new(address, null, connected.Loop), new(connected));
            }

            using Descriptor borrowed = Descriptor.Borrow(address.Descriptor);
            inherited = borrowed.Duplicate();
            var opened = SessionChannel.OpenShared(inherited);
            return (new(address, inherited, opened.Loop), new(opened));
        }
        catch (FlowerSocketException e)
        {
            inherited?.Dispose();
            throw Failures.FromOpen(e, address);
        }
    }

    /// <summary>The only session over a descriptor, which is taken over.</summary>
    /// <exception cref="FlowerException">It is no session, or the switchboard has gone.</exception>
    public static (SessionSource Source, Session Session) Adopt(Descriptor descriptor)
    {
        try
        {
            var adopted = SessionChannel.Adopt(descriptor);
            return (new(null, null, adopted.Loop), new(adopted));
        }
        catch (FlowerSocketException e)
        {
            descriptor.Dispose();
            throw Failures.FromSocket(e);
        }
    }

    /// <summary>Another session, on the same loop. Does not wait for anything.</summary>
    /// <returns>Null: there is no switchboard yet.</returns>
    /// <exception cref="FlowerException">There will be none.</exception>
    public Session? TryOpenAgain()
    {
        try
        {
            return new(_inherited is null
                ? SessionChannel.TryConnectPath(_address!.Path!, _loop)
                : SessionChannel.TryOpenShared(_inherited, _loop));
        }
        catch (FlowerSocketException e) when (MayComeBack(e))
        {
            return null;
        }
        catch (FlowerSocketException e)
        {
            throw _inherited is null ? Failures.FromOpen(e, _address!) : Gone(e);
        }
    }

    /// <summary>What a handle is told whose switchboard has gone for good.</summary>
    public FlowerException Gone(Exception? why)
    {
        if (_address?.Path is { } path)
        {
            return Failures.Gone(
                $"the switchboard at {path} has gone, and did not come back: start one with: flower switchboard", why);
        }

        return _address is null
            ? Failures.Gone(
                "the switchboard has gone, and a handle that was received cannot be opened again: ask for a new one", why)
            : Failures.Gone(
                "the switchboard has gone, and a handle that was inherited cannot be opened again: start this program "
                + "again with a new one", why);
    }

    public void Dispose() => _inherited?.Dispose();

    // A path may be served again by another process; the other end of a descriptor is closed once and for all.
    private bool MayComeBack(FlowerSocketException e) => e.Errno switch
    {
        Errno.Again or Errno.MFile or Errno.NFile or Errno.NoMem or Errno.NoBufs or Errno.TooManyRefs => true,
        Errno.NoEnt or Errno.NotDir or Errno.ConnRefused or Errno.ConnReset or Errno.Pipe => _inherited is null,
        _ => false,
    };
}
