// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Switchboard.Hosting.CrashStore;

namespace Flower.Switchboard.Hosting;

/// <summary>The sockets on which a switchboard listens. Owns them and their files.</summary>
internal sealed class Doors : IDisposable
{
    private Doors(SocketFile handle, SocketFile grpc, SocketFile control)
    {
        Handle = handle;
        Grpc = grpc;
        Control = control;

        // Nobody has a descriptor for these two: gRPC cannot carry one, and who takes over only receives them.
        UnixSocket.RefuseDescriptors(grpc.Socket);
        UnixSocket.RefuseDescriptors(control.Socket);
    }

    /// <summary>Where sessions come in.</summary>
    public SocketFile Handle { get; }

    /// <summary>Where gRPC clients come in.</summary>
    public SocketFile Grpc { get; }

    /// <summary>Where a switchboard that takes this one's place comes in.</summary>
    public SocketFile Control { get; }

    /// <summary>The sockets, by the names that they have in the service manager's store.</summary>
    public IReadOnlyList<(string Name, Descriptor Socket)> Named =>
        [(StoreNames.HandleDoor, Handle.Socket), (StoreNames.GrpcDoor, Grpc.Socket), (StoreNames.Control, Control.Socket)];

    /// <summary>Listens at the paths of the options, with the sockets that were lent or kept, if any.</summary>
    /// <exception cref="IOException">A socket cannot be had; the message says why.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public static Doors Claim(SwitchboardOptions options, Recovery? kept)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using LentDoors lent = LentDoors.Read();
        var claimed = new List<SocketFile>(3);
        try
        {
            claimed.Add(SocketFile.Claim(
                options.Listen,
                options.DoorMode,
                UnixSocket.ListenPackets,
                kept?.TakeDoor(StoreNames.HandleDoor),
                lent.TakePackets(options.Listen)));
            claimed.Add(SocketFile.Claim(
                options.Admin,
                options.DoorMode,
                UnixSocket.ListenStream,
                kept?.TakeDoor(StoreNames.GrpcDoor),
                lent.TakeStream(options.Admin)));
            lent.RequireNone();
            claimed.Add(SocketFile.Claim(
                options.Control, Owner, UnixSocket.ListenPackets, kept?.TakeDoor(StoreNames.Control)));
            return new(claimed[0], claimed[1], claimed[2]);
        }
        catch
        {
            claimed.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Changes who may open the doors; the control socket stays the owner's.</summary>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public void SetMode(UnixFileMode mode)
    {
        Handle.SetMode(mode);
        Grpc.SetMode(mode);
    }

    /// <summary>Takes over what another process listens on.</summary>
    /// <param name="paths">Of the handle door, the gRPC door and the control socket.</param>
    /// <param name="descriptors">Of each, in the same order, the socket and its lock. Taken over.</param>
    /// <param name="lent">Whether the service manager made the first two sockets.</param>
    public static Doors Adopt(
        IReadOnlyList<string> paths, IReadOnlyList<Descriptor> descriptors, (bool Handle, bool Grpc) lent) => new(
        SocketFile.Adopt(paths[0], descriptors[0], descriptors[1], lent.Handle),
        SocketFile.Adopt(paths[1], descriptors[2], descriptors[3], lent.Grpc),
        SocketFile.Adopt(paths[2], descriptors[4], descriptors[5], isLent: false));

    /// <summary>Duplicates of the sockets and their locks, as <see cref="Adopt"/> takes them.</summary>
    /// <exception cref="Rpc.FlowerSocketException">EMFILE.</exception>
    public IReadOnlyList<Descriptor> Duplicate()
    {
        var copies = new List<Descriptor>(6);
        try
        {
            foreach (SocketFile file in new[] { Handle, Grpc, Control })
            {
                copies.Add(file.Socket.Duplicate());
                copies.Add(file.DuplicateLock());
            }

            return copies;
        }
        catch
        {
            copies.ForEach(copy => copy.Dispose());
            throw;
        }
    }

    /// <summary>Leaves the files and their locks to the process that has taken them over.</summary>
    public void Abandon()
    {
        Handle.Abandon();
        Grpc.Abandon();
        Control.Abandon();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Control.Dispose();
        Grpc.Dispose();
        Handle.Dispose();
    }
}
